/** One device of a fleet: its folders as the factory leaves them, its config, and the agent as a process of its own. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Child, runToEnd, startChild } from './child.ts';
import { type LocalApi, localApi } from './local-api.ts';
import { SAMPLE_COMMAND, writeSample } from './sample-service.ts';
import { manufactureSingleFile } from './single-file.ts';

export const AGENT_CLI = fileURLToPath(import.meta.resolve('@tidegate/agent/cli'));

export interface DevicePlan {
  readonly name: string;
  /** Where its folders go. */
  readonly folder: string;
  /** Where its sockets go: a short path, since a socket's is at most 100 bytes. */
  readonly socketFolder: string;
  readonly product: string;
  readonly hardware: string;
  readonly serverUrl: string;
  /** What the server's certificate is checked against; where absent, what Node trusts. */
  readonly caFile?: string;
  readonly rootFile: string;
  /** RFC 3339: when its image was built. */
  readonly builtAt: string;
  readonly servicePort: number;
  /** The agent's program; where absent, its source. */
  readonly program?: string;
  /** A second component beside the sample service, that is one file and that nothing runs. */
  readonly withFile?: boolean;
  /** It holds an event stream. */
  readonly events?: boolean;
}

export interface Device {
  readonly name: string;
  readonly plan: DevicePlan;
  readonly configFile: string;
  readonly api: LocalApi;
}

/** Lays out what the factory does: version 1.0.0 in slot a, the link to it, the config in the image. */
export async function manufacture(plan: DevicePlan): Promise<Device> {
  const app = join(plan.folder, 'app');
  await writeSample(join(app, 'a'), { version: '1.0.0', health: 'well' });
  await mkdir(join(app, 'b'), { recursive: true });
  await symlink('a', join(app, 'current'));
  await mkdir(plan.socketFolder, { recursive: true, mode: 0o750 });
  const adminSocket = join(plan.socketFolder, 'admin.sock');
  const configFile = join(plan.folder, 'agent.yaml');
  const config = agentConfig(plan, app, adminSocket);
  const single = plan.withFile ? [await manufactureSingleFile(plan.folder)] : [];
  await writeFile(configFile, stringify({ ...config, components: [...config.components, ...single] }));
  return { name: plan.name, plan, configFile, api: localApi(adminSocket) };
}

/** Runs `tidegate-agent enrol --auto on` with a claim token; returns the device's id. @throws Error with what it printed */
export async function enrol(device: Device, claimToken: string): Promise<string> {
  const tokenFile = join(device.plan.folder, 'claim-token');
  await writeFile(tokenFile, claimToken, { mode: 0o600 });
  const { code, stdout, stderr } = await runToEnd([
    device.plan.program ?? AGENT_CLI,
    'enrol',
    '--config',
    device.configFile,
    '--claim-token-file',
    tokenFile,
    '--auto',
    'on',
    '--json',
  ]);
  if (code !== 0) throw new Error(`${device.name} could not enrol (exit code ${code}): ${stderr}`);
  return (JSON.parse(stdout) as { deviceId: string }).deviceId;
}

/** Starts the agent as `tidegate-agent run` does on a device. */
export function startAgent(device: Device, env: Readonly<Record<string, string>> = {}): Promise<Child> {
  return startChild({
    env,
    args: [device.plan.program ?? AGENT_CLI, 'run', '--config', device.configFile, '--stop-service'],
    logFile: join(device.plan.folder, 'agent.log'),
    isReady: line => line.includes('ready'),
  });
}

function agentConfig(plan: DevicePlan, app: string, adminSocket: string) {
  const healthUrl = `http://127.0.0.1:${plan.servicePort}/health`;
  return {
    product: plan.product,
    hardware: plan.hardware,
    channel: 'stable',
    channels: ['stable'],
    server: plan.serverUrl,
    ...(plan.caFile === undefined ? {} : { caFile: plan.caFile }),
    rootFile: plan.rootFile,
    builtAt: plan.builtAt,
    events: plan.events ?? false,
    netDir: join(plan.folder, 'net'),
    trustDir: join(plan.folder, 'trust'),
    adminSocket,
    userSocket: join(plan.socketFolder, 'user.sock'),
    firstCheckWithinSeconds: 1,
    backoff: { baseSeconds: 0.5, maxSeconds: 5 },
    components: [
      {
        name: 'app',
        installer: 'directory',
        folder: app,
        factory: { version: '1.0.0', counter: 1 },
        service: {
          command: SAMPLE_COMMAND,
          env: { PORT: String(plan.servicePort) },
          health: { url: healthUrl, intervalSeconds: 0.1, healthyForSeconds: 0.5, deadlineSeconds: 5 },
        },
      },
    ],
  };
}
