/** One manufacturer's world for a test: signing desk, real server, real devices, all gone afterwards. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReportView, RolloutRequest, RolloutView } from '@tidegate/protocol';
import { type Fleet, startFleet } from './fleet.ts';
import { packSample, type SampleRelease } from './sample-service.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { openSigningDesk, type SigningDesk } from './signing-desk.ts';
import { tempFolder } from './temp-folder.ts';
import { until } from './until.ts';

export interface World extends AsyncDisposable {
  readonly folder: string;
  readonly desk: SigningDesk;
  readonly server: ServerProcess;
  readonly fleet: Fleet;
  /** Signs and publishes a sample of the service. Returns its target. */
  publish(sample: SampleRelease, product?: string): Promise<string>;
  /** Brings a target to the whole fleet at once, and waits until the rollout has ended. */
  rollOut(target: string, request?: Partial<RolloutRequest>): Promise<RolloutView>;
  startRollout(target: string, request?: Partial<RolloutRequest>): Promise<RolloutView>;
  /** What the server holds of a device's reports. */
  reports(deviceId: string): Promise<ReportView[]>;
  /** Ends the server and starts it again at another address, with what it had. */
  moveServer(port: number): Promise<ServerProcess>;
}

export const PRODUCT = 'gw2';
const GATE = { minVerified: 1, soakSeconds: 0, silenceSeconds: 60 };

export async function openWorld(options: { databaseUrl: string; devices: number }): Promise<World> {
  const stack = new AsyncDisposableStack();
  try {
    return await open(options, stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function open(
  { databaseUrl, devices }: { databaseUrl: string; devices: number },
  stack: AsyncDisposableStack,
): Promise<World> {
  const folder = stack.use(await tempFolder('tidegate-world')).path;
  const sockets = await mkdtemp(join(tmpdir(), 'tg-'));
  stack.defer(() => rm(sockets, { recursive: true, force: true }));
  const desk = await openSigningDesk({ folder: join(folder, 'signing'), products: [PRODUCT, 'cam1'], scryptN: 1024 });
  const sample = async (release: SampleRelease, product = PRODUCT) =>
    desk.release({ file: await packSample(join(folder, product), release), version: release.version, product });
  await sample({ version: '1.0.0', health: 'well' });

  const start = (port: number) =>
    startServerProcess({
      data: join(folder, 'server'),
      trustedRoot: desk.rootFile,
      port,
      pollSeconds: 1,
      gateTickSeconds: 0.2,
      databaseUrl,
    });
  const running = { server: await start(0) };
  stack.defer(async () => void (await running.server.child.stop()));
  const admin = () => running.server.admin;
  for (const name of [PRODUCT, 'cam1']) await admin().post('/products', { name });
  const fleet = stack.use(
    await startFleet(admin(), {
      count: devices,
      folder: join(folder, 'devices'),
      socketFolder: sockets,
      product: PRODUCT,
      hardware: `${PRODUCT}-a`,
      serverUrl: running.server.deviceUrl,
      rootFile: desk.rootFile,
    }),
  );
  const world: World = {
    folder,
    desk,
    fleet,
    get server() {
      return running.server;
    },
    publish: async (release, product) => {
      const { path } = await sample(release, product);
      await desk.publish({ adminUrl: running.server.adminUrl, token: running.server.adminToken });
      return path;
    },
    startRollout: (target, request = {}) =>
      admin().post<RolloutView>('/rollouts', { target, phases: [{ basisPoints: 10_000 }], gate: GATE, ...request }),
    rollOut: async (target, request) => {
      const { id } = await world.startRollout(target, request);
      return until(`the end of the rollout of ${target}`, async () => {
        const rollout = await admin().get<RolloutView>(`/rollouts/${id}`);
        return rollout.state === 'running' ? undefined : rollout;
      });
    },
    reports: async deviceId => (await admin().get<{ items: ReportView[] }>(`/devices/${deviceId}/reports`)).items,
    moveServer: async port => {
      await running.server.child.stop();
      running.server = await start(port);
      return running.server;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
  return world;
}
