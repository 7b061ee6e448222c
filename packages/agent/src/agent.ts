/**
 * The agent, put together: trust and installers on the helper's side (`trustDir`), download, outbox and server on the
 * network's (`netDir`), the machine between them, the owner's API on top. One agent at a time on one `trustDir`.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from './clock.ts';
import type { AgentConfig } from './config.ts';
import { ConfigError } from './config-error.ts';
import { readIdentity } from './device-identity.ts';
import { createDownloader } from './download/create-downloader.ts';
import type { DurableFiles } from './durable/durable-files.ts';
import { acquireLock } from './durable/lock.ts';
import type { ServiceInstaller } from './install/directory-installer.ts';
import { openInstaller, patienceSeconds } from './install/open-installer.ts';
import type { Log } from './log.ts';
import { openAttemptLog } from './machine/attempts.ts';
import type { WithoutServer } from './machine/deps.ts';
import { createDriver } from './machine/driver.ts';
import { createJournal } from './machine/journal.ts';
import { listenForEvents } from './machine/listen.ts';
import { createPulse } from './machine/pulse.ts';
import { createSchedule } from './machine/schedule.ts';
import { openSilence } from './machine/silence.ts';
import type { State } from './machine/state.ts';
import { createWake } from './machine/wake.ts';
import { createHttpClient } from './net/http-client.ts';
import { createUpdateServer } from './net/update-server.ts';
import { createCourier, SILENT_COURIER } from './outbox/courier.ts';
import { openOutbox } from './outbox/outbox.ts';
import { createOwnerApi, type OwnerApi } from './owner/owner-api.ts';
import { createProductCard } from './download/product-card.ts';
import { openSettings, type SettingsStore } from './policy/settings.ts';
import type { DownloadProgress, EnrolWay, UpdateServer } from './ports.ts';
import { openSecurityLog } from './security/security-log.ts';
import { execute } from './service/child-process.ts';
import { createTrust } from './trust/create-trust.ts';

/** What an agent is handed from outside: real in the product, set by tests. */
export interface Surroundings {
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly files: DurableFiles;
  readonly log: Log;
  /** Told of each state that the agent enters. */
  readonly onState?: (state: State) => void;
}

export interface Agent {
  readonly owner: OwnerApi;
  state(): State;
  /** False where it hangs: a step takes longer than any honest one of its kind. */
  isAlive(): boolean;
  /** Keeps the device up to date until the signal fires. */
  run(signal: AbortSignal): Promise<void>;
  /** One check-in and what follows from it. @throws AgentError what stands in the way for now */
  runOnce(signal: AbortSignal): Promise<void>;
  close(options: { readonly stopService: boolean }): Promise<void>;
}

const DEFAULT_FIRST_CHECK_SECONDS = 30;
const REBOOT_WITHIN_MS = 60_000;
const DEFAULT_BACKOFF = { baseSeconds: 2, maxSeconds: 3600 };
const DEFAULT_WITHOUT_SERVER: WithoutServer = { afterSilentDays: 7, pollSeconds: 6 * 3600 };

/** @throws ConfigError, AgentError: not-now where another agent runs */
export async function createAgent(config: AgentConfig, around: Surroundings): Promise<Agent> {
  const { clock, random, files, log } = around;
  const { trustDir, netDir } = config;
  const device = await readIdentity(config);
  const lock = await acquireLock(join(trustDir, 'agent.lock'));
  const installers = new Map<string, ServiceInstaller>();
  for (const component of config.components)
    installers.set(component.name, await openInstaller(component, { ...around, ...device, trustDir }));

  const { server, http } = await openServer(config, around);
  const sources = [...(config.server === undefined ? [] : [config.server]), ...(config.mirrors ?? [])];
  const trust = await createTrust({
    trustDir,
    rootFile: config.rootFile,
    product: config.product,
    channel: config.channel,
    sources,
    http,
    clock,
    log,
    files,
    builtAt: config.builtAt,
    factoryFloors: Object.fromEntries(config.components.map(c => [c.name, c.factory.counter])),
    runningGood: await runningGood(installers),
  });
  const settings = await openSettings(files, settingsPath(config));
  const securityLog = await openSecurityLog(files, join(trustDir, 'security-log.json'), log);
  const courier = server
    ? createCourier(await openOutbox({ files, path: join(netDir, 'outbox.json'), server, randomId, log }), clock, log)
    : SILENT_COURIER;
  const withoutServer = { ...DEFAULT_WITHOUT_SERVER, ...config.withoutServer };
  const silencePath = join(trustDir, 'silence.json');
  const silence = await openSilence({ files, path: silencePath, trustedNow: trust.trustedNow, randomId, log });
  const attempts = await openAttemptLog(files, join(trustDir, 'attempts.json'));
  const schedule = createSchedule(clock, config.firstCheckWithinSeconds ?? DEFAULT_FIRST_CHECK_SECONDS, random);
  const wake = createWake();
  const pulse = createPulse(clock, patienceSeconds(config.components));
  const downloader = createDownloader({ netDir, sources, http, files, clock });
  const productCard = createProductCard({ netDir, files, downloader, log });
  const progress: { now: DownloadProgress | undefined } = { now: undefined };
  const backoff = config.backoff ?? DEFAULT_BACKOFF;
  const driver = await createDriver(
    {
      device,
      trust,
      server,
      installers,
      settings,
      attempts,
      securityLog,
      schedule,
      wake,
      clock,
      random,
      log,
      downloader,
      productCard,
      courier,
      silence,
      backoff,
      withoutServer,
      pulse,
      onState: around.onState ?? (() => undefined),
      onProgress: now => {
        pulse.works('downloading');
        progress.now = now;
      },
      reboot: () => reboot(config.rebootCommand),
    },
    createJournal(files, join(trustDir, 'journal.json')),
  );
  const resume = async () => {
    for (const installer of installers.values()) await installer.resume();
  };
  return {
    owner: createOwnerApi({
      settings,
      attempts,
      schedule,
      wake,
      securityLog,
      installers,
      clock,
      server,
      silence,
      withoutServer,
      trust,
      productCard,
      product: device.product,
      state: driver.state,
      progress: () => progress.now,
    }),
    state: driver.state,
    isAlive: pulse.isAlive,
    run: async signal => {
      await resume();
      const listening =
        config.events === true && server
          ? listenForEvents({ server, schedule, wake, clock, random, log, backoff }, signal)
          : undefined;
      await driver.run(signal);
      await listening;
    },
    runOnce: async signal => {
      await resume();
      await driver.runOnce(signal);
    },
    close: async options => {
      for (const installer of installers.values()) await installer.close(options);
      http.close();
      await lock.release();
    },
  };
}

/** Makes the device known to its server, without running it. May be done again, in the same way, after a crash. */
export async function enrolDevice(
  config: AgentConfig,
  around: Surroundings,
  request: {
    /** Asked only where the device is not enrolled yet. */
    readonly way: () => EnrolWay;
    readonly automatic: boolean | undefined;
  },
): Promise<{ deviceId: string; product: string; isNew: boolean }> {
  const lock = await acquireLock(join(config.trustDir, 'agent.lock'));
  const { server, http } = await openServer(config, around);
  try {
    if (!server) throw new ConfigError('the config names no server: there is none to enrol with, and no need to');
    const known = server.deviceId();
    const enrolled =
      known === undefined ? await server.enrol(request.way()) : { deviceId: known, product: config.product };
    if (request.automatic !== undefined) {
      const settings: SettingsStore = await openSettings(around.files, settingsPath(config));
      await settings.change({ automatic: request.automatic });
    }
    return { ...enrolled, isNew: known === undefined };
  } finally {
    http.close();
    await lock.release();
  }
}

async function openServer(config: AgentConfig, { files, clock }: Surroundings) {
  const ca = config.caFile === undefined ? undefined : (await files.read(config.caFile))?.toString('utf8');
  if (config.caFile !== undefined && ca === undefined) throw new ConfigError(`caFile ${config.caFile} cannot be read`);
  const http = createHttpClient({ ca });
  const httpAs = (identity: { cert: string; key: string }) => createHttpClient({ ca, identity });
  const { server: baseUrl, product, netDir } = config;
  const server: UpdateServer | undefined =
    baseUrl === undefined
      ? undefined
      : await createUpdateServer({ http, httpAs, baseUrl, product, netDir, files, clock });
  return { server, http };
}

async function runningGood(installers: ReadonlyMap<string, ServiceInstaller>): Promise<Record<string, number>> {
  const counters: Record<string, number> = {};
  for (const [component, installer] of installers) {
    const { running, records } = await installer.slots();
    if (records[running]?.good) counters[component] = records[running].counter;
  }
  return counters;
}

async function reboot(command = ['systemctl', 'reboot']): Promise<void> {
  const [program = '', ...args] = command;
  await execute(program, args, { timeout: REBOOT_WITHIN_MS });
}

function settingsPath(config: AgentConfig): string {
  return join(config.trustDir, 'settings.json');
}

function randomId(): string {
  return randomBytes(16).toString('hex');
}
