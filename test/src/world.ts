/** One manufacturer's world: signing desk, real server, real devices. For tests, and for the demonstration, which tells of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReportView, RolloutRequest, RolloutView } from '@tidegate/protocol';
import { type Fleet, startFleet } from './fleet.ts';
import { packSample, type SampleRelease } from './sample-service.ts';
import { FACTORY_FILE, FILE_COMPONENT, writeFactoryFile } from './single-file.ts';
import { type ServerPlan, type ServerProcess, startServerProcess } from './server-process.ts';
import { type DeskOptions, openSigningDesk, type SigningDesk } from './signing-desk.ts';
import { tempFolder } from './temp-folder.ts';
import { until } from './until.ts';

export const PRODUCT = 'gw2';
export const OTHER_PRODUCT = 'cam1';

export interface WorldPlan extends Pick<DeskOptions, 'scryptN' | 'keepPassphrases'> {
  /** Everything that lasts lies here. */
  readonly folder: string;
  readonly devices: number;
  /** Of the server's device API; 0 picks a free one. */
  readonly port: number;
  readonly gateTickSeconds: number;
  /** The embedded PostgreSQL where absent. */
  readonly databaseUrl?: string;
  /** Every device has a component beside the service that is one file, and that nothing runs. */
  readonly withFile?: boolean;
  /** Every device holds an event stream. */
  readonly events?: boolean;
  /** How fast images go out; as fast as they go where absent. */
  readonly downloads?: NonNullable<ServerPlan['downloads']>;
  /** Told of each step, in a sentence. */
  readonly say?: (line: string) => void;
}

export interface World {
  readonly folder: string;
  readonly desk: SigningDesk;
  readonly server: ServerProcess;
  readonly fleet: Fleet;
  /** Signs and publishes a sample of the service. Returns its target. */
  publish(sample: SampleRelease, product?: string): Promise<string>;
  /** The same with a file as it is, for the component that is one file (`withFile`). */
  publishFile(file: string, version: string): Promise<string>;
  startRollout(request: RolloutRequest): Promise<RolloutView>;
  /** What the server holds of a device's reports. */
  reports(deviceId: string): Promise<ReportView[]>;
  /** Ends the server and starts it again on its data, at the same port or another. */
  moveServer(port: number): Promise<ServerProcess>;
}

const POLL_SECONDS = 1;

/** @param closing takes what has to be ended, in reverse order, also where the building is broken off */
export async function buildWorld(plan: WorldPlan, closing: AsyncDisposableStack): Promise<World> {
  const {
    folder,
    devices,
    databaseUrl,
    gateTickSeconds,
    scryptN,
    keepPassphrases,
    withFile = false,
    events = false,
  } = plan;
  const say = plan.say ?? (() => undefined);
  const sockets = await mkdtemp(join(tmpdir(), 'tg-'));
  closing.defer(() => rm(sockets, { recursive: true, force: true }));
  const desk = await openSigningDesk({
    folder: join(folder, 'signing'),
    products: [PRODUCT, OTHER_PRODUCT],
    ...(scryptN === undefined ? {} : { scryptN }),
    ...(keepPassphrases === undefined ? {} : { keepPassphrases }),
  });
  const sign = async (release: SampleRelease, product = PRODUCT) => {
    const file = await packSample(join(folder, product), release);
    return desk.release({ file, version: release.version, product });
  };
  const signFile = (file: string, version: string) =>
    desk.release({ file, version, component: FILE_COMPONENT, product: PRODUCT, format: 'file' });
  // The factory's own software has its counter too: whatever comes later counts on from it.
  await sign({ version: '1.0.0', health: 'well' });
  if (withFile) await signFile(await writeFactoryFile(join(folder, PRODUCT)), FACTORY_FILE.version);
  say('signed a TUF repository: root and targets by 2 of 3 people, stable by CI and a person, and the rest');

  const start = (port: number) =>
    startServerProcess({
      data: join(folder, 'server'),
      trustedRoot: desk.rootFile,
      port,
      pollSeconds: POLL_SECONDS,
      gateTickSeconds,
      ...(databaseUrl === undefined ? {} : { databaseUrl }),
      ...(plan.downloads === undefined ? {} : { downloads: plan.downloads }),
    });
  const running = { server: await start(plan.port) };
  closing.defer(async () => void (await running.server.child.stop()));
  say(`started the server at ${running.server.deviceUrl}${databaseUrl ? '' : ', on a PostgreSQL of its own'}`);

  for (const name of [PRODUCT, OTHER_PRODUCT]) await running.server.admin.post('/products', { name });
  const fleet = closing.use(
    await startFleet(running.server.admin, {
      count: devices,
      folder: join(folder, 'devices'),
      socketFolder: sockets,
      product: PRODUCT,
      hardware: `${PRODUCT}-a`,
      serverUrl: running.server.deviceUrl,
      rootFile: desk.rootFile,
      withFile,
      events,
      onDevice: (name, ready) => say(`${name} enrolled and runs 1.0.0 (${ready} of ${devices})`),
    }),
  );
  const bringOut = async ({ path, counter }: { path: string; counter: number }) => {
    const { adminUrl, adminToken, deviceUrl } = running.server;
    await desk.publish({ adminUrl, token: adminToken, readBackUrl: deviceUrl });
    say(`signed by CI and a person, published: ${path} (counter ${counter})`);
    return path;
  };
  return {
    folder,
    desk,
    fleet,
    get server() {
      return running.server;
    },
    publish: async (release, product) => bringOut(await sign(release, product)),
    publishFile: async (file, version) => bringOut(await signFile(file, version)),
    startRollout: request => running.server.admin.post<RolloutView>('/rollouts', request),
    reports: async deviceId =>
      (await running.server.admin.get<{ items: ReportView[] }>(`/devices/${deviceId}/reports`)).items,
    moveServer: async port => {
      await running.server.child.stop();
      running.server = await start(port);
      return running.server;
    },
  };
}

/** A world for one test, in a folder of its own that goes with it. */
export interface TestWorld extends AsyncDisposable, World {
  /** Starts a rollout of a target to the whole fleet at once. */
  offer(target: string): Promise<RolloutView>;
  /** The same, and waits until it has ended. */
  rollOut(target: string): Promise<RolloutView>;
}

const GATE = { minVerified: 1, soakSeconds: 0, silenceSeconds: 60 };

export async function openWorld(
  options: Pick<WorldPlan, 'devices' | 'events' | 'downloads'> & { readonly databaseUrl: string },
): Promise<TestWorld> {
  await using closing = new AsyncDisposableStack();
  const { path: folder } = closing.use(await tempFolder('tidegate-world'));
  const world = await buildWorld({ ...options, folder, port: 0, gateTickSeconds: 0.2, scryptN: 1024 }, closing);
  const offer = (target: string) => world.startRollout({ target, phases: [{ basisPoints: 10_000 }], gate: GATE });
  const kept = closing.move();
  return Object.assign(world, {
    offer,
    rollOut: async (target: string) => {
      const { id } = await offer(target);
      return until(`the end of the rollout of ${target}`, async () => {
        const rollout = await world.server.admin.get<RolloutView>(`/rollouts/${id}`);
        return rollout.state === 'running' ? undefined : rollout;
      });
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  });
}
