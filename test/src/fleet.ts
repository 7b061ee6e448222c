/** Many devices as processes, made, enrolled and started a few at a time. */
import { join } from 'node:path';
import type { ClaimTokensAnswer } from '@tidegate/protocol';
import type { AdminClient } from './admin-client.ts';
import type { Child } from './child.ts';
import { type Device, enrol, manufacture, startAgent } from './device.ts';
import { freePorts } from './free-port.ts';

export interface FleetPlan {
  readonly count: number;
  readonly folder: string;
  readonly socketFolder: string;
  readonly product: string;
  readonly hardware: string;
  readonly serverUrl: string;
  readonly caFile?: string;
  readonly program?: string;
  readonly rootFile: string;
  /** Each device has a component beside the service that is one file. */
  readonly withFile?: boolean;
  /** Each device holds an event stream. */
  readonly events?: boolean;
  readonly onDevice?: (name: string, ready: number) => void;
}

export interface FleetMember {
  readonly device: Device;
  readonly deviceId: string;
  readonly agent: Child;
}

export interface Fleet extends AsyncDisposable {
  readonly members: readonly FleetMember[];
  stop(): Promise<void>;
}

const AT_ONCE = 4;

export async function startFleet(admin: AdminClient, plan: FleetPlan): Promise<Fleet> {
  const { tokens } = await admin.post<ClaimTokensAnswer>('/claim-tokens', { product: plan.product, count: plan.count });
  const ports = await freePorts(plan.count);
  const builtAt = new Date().toISOString().replace(/\.\d+Z/, 'Z');
  const members: FleetMember[] = [];
  const next = { index: 0 };
  const worker = async () => {
    while (next.index < plan.count) {
      const index = next.index++;
      const name = `device-${String(index + 1).padStart(2, '0')}`;
      const device = await manufacture({
        name,
        folder: join(plan.folder, name),
        socketFolder: join(plan.socketFolder, name),
        product: plan.product,
        hardware: plan.hardware,
        serverUrl: plan.serverUrl,
        ...(plan.caFile === undefined ? {} : { caFile: plan.caFile }),
        ...(plan.program === undefined ? {} : { program: plan.program }),
        rootFile: plan.rootFile,
        builtAt,
        servicePort: ports[index] ?? 0,
        withFile: plan.withFile ?? false,
        events: plan.events ?? false,
      });
      const deviceId = await enrol(device, tokens[index] ?? '');
      const agent = await startAgent(device);
      members.push({ device, deviceId, agent });
      plan.onDevice?.(name, members.length);
    }
  };
  const stop = async () => {
    await Promise.all(members.map(m => m.agent.stop()));
  };
  try {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, plan.count) }, worker));
  } catch (error) {
    await stop();
    throw error;
  }
  members.sort((a, b) => a.device.name.localeCompare(b.device.name));
  return { members, stop, [Symbol.asyncDispose]: stop };
}
