/**
 * A device for tests: the real machine, installer, settings, attempts, floors and outbox on real folders. Only what lies
 * outside the device is the test's: the update server, the signed lists, the line that artifacts come over, the service's
 * process (a small HTTP server that answers with what its slot holds). `boot` is a new start on the same folders.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CheckInAnswer, CheckInRequest, Firmware, Offer, Report } from '@tidegate/protocol';
import { type Logger, pino } from 'pino';
import { AgentError } from '../agent-error.ts';
import { type DurableFiles, durableFiles } from '../durable/durable-files.ts';
import { openDirectoryInstaller } from '../install/directory-installer.ts';
import { createCourier, SILENT_COURIER } from '../outbox/courier.ts';
import { openOutbox } from '../outbox/outbox.ts';
import { createOwnerApi, type OwnerApi } from '../owner/owner-api.ts';
import { createProductCard } from '../download/product-card.ts';
import { openSettings, type SettingsStore } from '../policy/settings.ts';
import { targetFor } from '../install/test-target.ts';
import type { AcceptedTarget, Downloader, Installer, Trust, UpdateServer } from '../ports.ts';
import { openSecurityLog } from '../security/security-log.ts';
import { openFloorStore } from '../trust/floor-store.ts';
import { counterFloor, raiseCounters } from '../trust/floors.ts';
import { NO_NOTICES, type Notices } from '../trust/notices.ts';
import { openAttemptLog } from './attempts.ts';
import { createDriver, type Driver } from './driver.ts';
import { createJournal } from './journal.ts';
import { createPulse, type Pulse } from './pulse.ts';
import { openSilence } from './silence.ts';
import { createSchedule } from './schedule.ts';
import type { State } from './state.ts';
import { NOW_MS, testClock } from './test-clock.ts';
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
  /** The owner's API as it answers in another state of the machine. */
  ownerIn(state: State): OwnerApi;
}

export interface TestDevice extends AsyncDisposable {
  readonly folder: string;
  /** What the server answers beside an offer; may be exchanged. */
  answering: (request: CheckInRequest) => Partial<CheckInAnswer>;
  /** What happens at the signed lists' next fetches; may be exchanged. */
  refreshing: () => void;
  /** Offered as long as the device tells of an older one. */
  offer: Offer | undefined;
  readonly held: Set<string>;
  /** What the signed lists tell the owner; may be exchanged. */
  notices: Notices;
  /** When the signed list ends that is here now; may be exchanged. */
  listedUntil: string;
  /** What the line that artifacts come over does; may be exchanged. */
  fetching: () => Promise<void> | void;
  /** What happens when anything begins to wait, for so long; may be exchanged. */
  sleeping: (ms: number) => void;
  isEnrolled: boolean;
  /** Whether the next `boot` finds a server in its config. */
  hasServer: boolean;
  /** 32 hex digits; another one makes the next `boot` one of the whole machine. */
  bootId: string;
  /** What happens when the machine is asked to restart; may be exchanged. */
  rebooting: () => Promise<void> | void;
  /** Lets time go by, for all that asks for it. */
  pass(seconds: number): void;
  /** The next download brings other bytes. */
  spoilNextDownload(): void;
  readonly reports: readonly Report[];
  /** States reported so far, in order, with the code where there is one. */
  told(): string[];
  /** Signs a release whose service answers with this status, and offers it. */
  release(version: string, counter: number, status?: number, signed?: Partial<Firmware>): Promise<Offer>;
  /** Puts bytes where a download of that target finds them. */
  publish(path: string, bytes: Buffer): void;
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
  readonly log: Logger;
}) => Promise<Installer>;

export async function openTestDevice(openInstaller?: OpenInstaller): Promise<TestDevice> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-machine-'));
  const app = join(folder, 'app');
  const trustDir = join(folder, 'trust');
  const lists = new Map<string, AcceptedTarget>();
  const bytesOf = new Map<string, Buffer>();
  const reports: Report[] = [];
  const line = { spoiled: false };
  const log = pino({ level: 'silent' });
  const { clock, pass } = testClock(ms => device.sleeping(ms));
  const service = await startTestService();

  await mkdir(join(app, 'a'), { recursive: true });
  await writeFile(join(app, 'a/app.bin'), '200 1.0.0');

  const server: UpdateServer = {
    enrolled: () => device.isEnrolled,
    deviceId: () => '0'.repeat(32),
    enrol: () => Promise.reject(new AgentError('internal', 'it is enrolled')),
    async checkIn(request) {
      const { offer } = device;
      const runs = request.components.find(c => c.component === offer?.component)?.counter ?? 0;
      const isNews = offer !== undefined && runs < offer.counter;
      return { offer: isNews ? offer : null, stop: [], pollAfterSeconds: 60, ...device.answering(request) };
    },
    listen: () => Promise.reject(new AgentError('network', 'no events here')),
    async sendReports(sent) {
      // As the real one: a report sent again after a crash counts once.
      reports.push(...sent.filter(r => !reports.some(known => known.id === r.id)));
      return sent.map(r => r.id);
    },
  };

  const downloader: Downloader = {
    async download(target) {
      await device.fetching();
      const file = join(folder, 'artifact');
      const bytes = bytesOf.get(target.path) ?? Buffer.alloc(0);
      await writeFile(file, line.spoiled ? bytes.map(b => b ^ 1) : bytes);
      line.spoiled = false;
      return file;
    },
    keepOnly: () => rm(join(folder, 'artifact'), { force: true }),
  };

  const openTrust = async (files: DurableFiles): Promise<Trust> => {
    const base = { trustDir, files, clock, log, builtAtMs: NOW_MS, hadLists: false };
    const store = await openFloorStore({ ...base, knownCounters: [{ app: FACTORY.counter }] });
    return {
      async refresh() {
        device.refreshing();
        return { changed: true, timestampVersion: 1, timestampExpires: '2030-01-01T00:00:00Z' };
      },
      async accept(path, { installed }) {
        const target = lists.get(path);
        if (!target) throw new AgentError('target-not-signed', path);
        if (Date.parse(device.listedUntil) <= clock.now()) throw new AgentError('metadata-expired', path);
        if (device.held.has(path)) throw new AgentError('held', path);
        const { component, counter } = target.firmware;
        const runs = installed[component]?.counter ?? 0;
        if (counter <= runs || counter < counterFloor(store.floors(), component))
          throw new AgentError('counter-rollback', path);
        return { ...target, validUntil: device.listedUntil };
      },
      async selfOfferable({ installed }) {
        const isNews = ({ path, firmware }: AcceptedTarget) =>
          firmware.counter > (installed[firmware.component]?.counter ?? 0) && !device.held.has(path);
        return [...lists.values()].filter(isNews).map(target => ({ ...target, validUntil: device.listedUntil }));
      },
      notices: () => Promise.resolve(device.notices),
      floor: component => counterFloor(store.floors(), component),
      raiseFloors: counters => store.save(raiseCounters(store.floors(), counters)),
      trustedNow: clock.now,
    };
  };

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
    const driver = await createDriver(
      {
        ...shared,
        ...waits,
        downloader,
        random,
        log,
        device: {
          product: 'gw2',
          hardware: 'gw2-a',
          channel: 'stable',
          bootId,
          agentVersion: '0.1.0',
          attributes: {},
        },
        courier,
        backoff: { baseSeconds: 1, maxSeconds: 10 },
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

  const device: TestDevice = {
    folder,
    answering: () => ({}),
    refreshing: () => undefined,
    fetching: () => undefined,
    sleeping: () => undefined,
    isEnrolled: true,
    hasServer: true,
    bootId: 'b'.repeat(32),
    rebooting: () => {
      throw new Error('this device needs no reboot');
    },
    pass,
    offer: undefined,
    held: new Set(),
    notices: NO_NOTICES,
    listedUntil: '2030-01-01T00:00:00Z',
    spoilNextDownload: () => {
      line.spoiled = true;
    },
    reports,
    told: () => reports.map(r => (r.code === undefined ? r.state : `${r.state} ${r.code}`)),
    async release(version, counter, status = 200, signed = {}) {
      const bytes = Buffer.from(`${status} ${version}`);
      const target = targetFor(bytes, {
        component: 'app',
        version,
        counter,
        format: 'file',
        file: 'app.bin',
        ...signed,
      });
      lists.set(target.path, target);
      bytesOf.set(target.path, bytes);
      const rolloutId = counter.toString(16).padStart(32, '0');
      device.offer = {
        rolloutId,
        attempt: 1,
        target: target.path,
        component: 'app',
        counter,
        class: 'feature',
        notBefore: '2026-11-01T00:00:00Z',
        pollDuringUpdateSeconds: 60,
      };
      return device.offer;
    },
    publish: (path, bytes) => void bytesOf.set(path, bytes),
    boot,
    answerSetup: async automatic =>
      (await openSettings(durableFiles, join(trustDir, 'settings.json'))).change({ automatic }),
    serves: async () => (await fetch(service.url)).text(),
    runningSlotHolds: async () => (await readFile(join(app, 'current/app.bin'), 'utf8')).split(' ')[1] ?? '',
    async [Symbol.asyncDispose]() {
      await service.end();
      await rm(folder, { recursive: true });
    },
  };
  return device;
}
