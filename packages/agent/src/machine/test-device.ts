/**
 * A device for tests: the real machine, installer, settings, attempts, floors and outbox on real folders. Only what lies
 * outside the device is the test's (`test-outside.ts`), and the service's process, a small HTTP server that answers with
 * what its slot holds. `boot` is a new start on the same folders.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type DurableFiles, durableFiles } from '../durable/durable-files.ts';
import { openDirectoryInstaller } from '../install/directory-installer.ts';
import { createCourier, SILENT_COURIER } from '../outbox/courier.ts';
import { openOutbox } from '../outbox/outbox.ts';
import { createOwnerApi, type OwnerApi } from '../owner/owner-api.ts';
import { createProductCard } from '../download/product-card.ts';
import { openSettings, type SettingsStore } from '../policy/settings.ts';
import type { Installer } from '../ports.ts';
import { openSecurityLog } from '../security/security-log.ts';
import { openAttemptLog } from './attempts.ts';
import { createDriver, type Driver } from './driver.ts';
import type { Log } from '../log.ts';
import { createJournal } from './journal.ts';
import { listenForEvents } from './listen.ts';
import { createPulse, type Pulse } from './pulse.ts';
import { openSilence } from './silence.ts';
import { createSchedule } from './schedule.ts';
import type { State } from './state.ts';
import { testClock } from './test-clock.ts';
import { createOutside, type Outside } from './test-outside.ts';
import { startTestService } from './test-service.ts';
import { createWake } from './wake.ts';

const FACTORY = { version: '1.0.0', counter: 1 };

/** One start of the agent. */
export interface RunningAgent {
  readonly driver: Driver;
  readonly pulse: Pulse;
  readonly owner: OwnerApi;
  readonly settings: SettingsStore;
  readonly installer: Installer;
  floor(): number;
  /** One check-in and what follows from it, all of it told. */
  once(): Promise<State>;
  /** Until the signal fires: what comes over the event stream brings check-ins forward. */
  listen(signal: AbortSignal): Promise<void>;
  /** The owner's API as it answers in another state of the machine. */
  ownerIn(state: State): OwnerApi;
}

export interface TestDevice extends Outside, AsyncDisposable {
  readonly folder: string;
  /** What happens when anything begins to wait, for so long; may be exchanged. */
  sleeping: (ms: number) => void;
  /** Whether the next `boot` finds a server in its config. */
  hasServer: boolean;
  /** 32 hex digits; another one makes the next `boot` one of the whole machine. */
  bootId: string;
  /** What happens when the machine is asked to restart; may be exchanged. */
  rebooting: () => Promise<void> | void;
  /** Lets time go by, for all that asks for it. */
  pass(seconds: number): void;
  boot(files?: DurableFiles): Promise<RunningAgent>;
  answerSetup(automatic: boolean): Promise<void>;
  /** What the service answers: the version that its slot holds. */
  serves(): Promise<string>;
  /** What the slot holds that the link points to. */
  runningSlotHolds(): Promise<string>;
}

/** An installer of the test's choice, on the device's folders; what it has is then looked at through its `slots`. */
export type OpenInstaller = (around: {
  readonly folder: string;
  readonly trustDir: string;
  readonly files: DurableFiles;
  readonly bootId: string;
  readonly log: Log;
}) => Promise<Installer>;

export async function openTestDevice(openInstaller?: OpenInstaller): Promise<TestDevice> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-machine-'));
  const app = join(folder, 'app');
  const trustDir = join(folder, 'trust');
  const log = pino({ level: 'silent' });
  const { clock, pass } = testClock(ms => device.sleeping(ms));
  const { outside, server, downloader, openTrust } = createOutside({ folder, trustDir, clock, log, factory: FACTORY });
  const service = await startTestService();

  await mkdir(join(app, 'a'), { recursive: true });
  await writeFile(join(app, 'a/app.bin'), '200 1.0.0');

  const boot = async (files = durableFiles): Promise<RunningAgent> => {
    const health = { url: service.url, intervalSeconds: 0.01, healthyForSeconds: 0, deadlineSeconds: 0 };
    const openDirectory = async () => {
      const component = { component: 'app', folder: app, factory: FACTORY };
      const base = { ...component, trustDir, files, clock, log };
      const opened = await openDirectoryInstaller({ ...base, service: { control: service.control, health } });
      await opened.resume();
      return opened;
    };
    const { bootId } = device;
    const installer = await (openInstaller?.({ folder, trustDir, files, bootId, log }) ?? openDirectory());
    const installers = new Map<string, Installer>([['app', installer]]);
    const trust = await openTrust(files);
    const settings = await openSettings(files, join(trustDir, 'settings.json'));
    const securityLog = await openSecurityLog(files, join(trustDir, 'security-log.json'), log);
    const randomId = () => randomBytes(16).toString('hex');
    const outbox = await openOutbox({ files, path: join(folder, 'net/outbox.json'), server, randomId, log });
    const random = () => 0;
    const attempts = await openAttemptLog(files, join(trustDir, 'attempts.json'));
    const silence = await openSilence({
      files,
      path: join(trustDir, 'silence.json'),
      trustedNow: clock.now,
      randomId,
      log,
    });
    const shared = {
      settings,
      attempts,
      securityLog,
      server: device.hasServer ? server : undefined,
      installers,
      clock,
      trust,
      productCard: createProductCard({ netDir: join(folder, 'net'), files, downloader, log }),
      silence,
      withoutServer: { afterSilentDays: 7, pollSeconds: 3600 },
    };
    const waits = { schedule: createSchedule(clock, 0, random), wake: createWake() };
    const pulse = createPulse(clock, 0);
    const courier = device.hasServer ? createCourier(outbox, clock, log) : SILENT_COURIER;
    const backoff = { baseSeconds: 1, maxSeconds: 10 };
    const driver = await createDriver(
      {
        ...shared,
        ...waits,
        downloader,
        random,
        log,
        backoff,
        device: {
          product: 'gw2',
          hardware: 'gw2-a',
          channel: 'stable',
          bootId,
          agentVersion: '0.1.0',
          attributes: {},
        },
        courier,
        pulse,
        onState: () => undefined,
        onProgress: () => undefined,
        reboot: async () => device.rebooting(),
      },
      createJournal(files, join(trustDir, 'journal.json')),
    );
    const ownerIn = (state: () => State) =>
      createOwnerApi({ ...shared, ...waits, product: 'gw2', state, progress: () => undefined });
    return {
      driver,
      pulse,
      settings,
      installer,
      owner: ownerIn(driver.state),
      floor: () => trust.floor('app'),
      listen: signal => listenForEvents({ ...waits, server, clock, random, backoff, log }, signal),
      ownerIn: state => ownerIn(() => state),
      async once() {
        try {
          await driver.runOnce(new AbortController().signal);
        } finally {
          // What was told beside the step is with the server before the test looks.
          await courier.send();
        }
        return driver.state();
      },
    };
  };

  const device: TestDevice = Object.assign(outside, {
    folder,
    sleeping: () => undefined,
    hasServer: true,
    bootId: 'b'.repeat(32),
    rebooting: () => {
      throw new Error('this device needs no reboot');
    },
    pass,
    boot,
    answerSetup: async (automatic: boolean) =>
      (await openSettings(durableFiles, join(trustDir, 'settings.json'))).change({ automatic }),
    serves: async () => (await fetch(service.url)).text(),
    runningSlotHolds: async () => (await readFile(join(app, 'current/app.bin'), 'utf8')).split(' ')[1] ?? '',
    async [Symbol.asyncDispose]() {
      await service.end();
      await rm(folder, { recursive: true });
    },
  });
  return device;
}
