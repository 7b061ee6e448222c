/**
 * The part of a device that attackers aim at: its trust and its downloader, real, on real folders and a real socket,
 * against a repository whose every key the test holds. Only the clock is the test's.
 */
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AgentError,
  type Clock,
  createDownloader,
  createHttpClient,
  createTrust,
  type DeviceFacts,
  type Downloader,
  durableFiles,
  type HttpLimits,
  SHORT_ANSWER,
  type Trust,
  type TrustOptions,
} from '@tidegate/agent';
import type { Code, Firmware } from '@tidegate/protocol';
import { RepoSim } from './repo-sim.ts';
import { startStaticServer, type StaticServer } from './static-server.ts';
import { tempFolder } from './temp-folder.ts';

/** Far from the machine's own time: whoever asks that one is found out. */
export const VICTIM_EPOCH_MS = Date.parse('2031-05-01T00:00:00Z');
export const DAY_MS = 86_400_000;

export interface TestClock extends Clock {
  /** The wall clock; may be set to anything. */
  nowMs: number;
  /** Lets time pass, on both clocks. */
  pass(ms: number): void;
}

export interface Victim extends AsyncDisposable {
  readonly repo: RepoSim;
  readonly server: StaticServer;
  readonly clock: TestClock;
  readonly trustDir: string;
  readonly netDir: string;
  readonly trust: Trust;
  readonly downloader: Downloader;
  /** What the agent does with an offer, up to the installer. @returns the bytes that it would install */
  update(path: string, facts?: Partial<DeviceFacts>): Promise<Buffer>;
  /** Publishes a release that is newer than all before. @returns its path */
  release(firmware?: Partial<Firmware>, content?: Buffer): string;
  /** The agent starts again, from what lies on disk. */
  restart(changes?: Partial<TrustOptions>): Promise<void>;
  /** The good generation: name and bytes of each list. */
  generation(): Promise<Record<string, string>>;
  /** The attack is refused with this code, and the good generation is as before. */
  refuses(code: Code, attack: () => Promise<unknown>): Promise<AgentError>;
  /** An honest server's next release is taken. */
  recovers(): Promise<void>;
}

/** Ends within a second what an attacker would drag out. */
export const HASTY: HttpLimits = { ...SHORT_ANSWER, idleMs: 200, throughputWindowMs: 100 };

export async function makeVictim(options: { readonly mirrors?: readonly string[] } = {}): Promise<Victim> {
  const folder = await tempFolder('tidegate-victim');
  const clock = makeTestClock();
  const repo = new RepoSim({ now: () => clock.nowMs });
  const server = await startStaticServer(repo);
  const http = createHttpClient();
  const rootFile = join(folder.path, 'factory-root.json');
  await writeFile(rootFile, repo.root());
  const trustDir = join(folder.path, 'trust');
  const netDir = join(folder.path, 'net');
  const sources = [server.url, ...(options.mirrors ?? [])];

  const start = (changes: Partial<TrustOptions> = {}) =>
    createTrust({
      trustDir,
      rootFile,
      product: repo.product,
      channel: repo.channel,
      sources,
      http,
      clock,
      log: { info: ignore, warn: ignore, error: ignore },
      files: durableFiles,
      builtAt: new Date(VICTIM_EPOCH_MS - DAY_MS).toISOString(),
      factoryFloors: {},
      limits: HASTY,
      ...changes,
    });
  const running = { trust: await start() };
  const downloader = createDownloader({ netDir, sources, http, files: durableFiles, clock, limits: HASTY });
  const device: DeviceFacts = {
    product: repo.product,
    hardware: `${repo.product}-a`,
    channel: repo.channel,
    installed: { app: { version: '1.0.0', counter: 1 } },
  };
  let counter = 1;

  const victim: Victim = {
    repo,
    server,
    clock,
    trustDir,
    netDir,
    get trust() {
      return running.trust;
    },
    downloader,

    async update(path, facts = {}) {
      await running.trust.refresh();
      const target = await running.trust.accept(path, { ...device, ...facts });
      return readFile(await downloader.download(target, { signal: new AbortController().signal }));
    },

    release(firmware = {}, content) {
      counter += 1;
      const version = `1.${counter}.0`;
      return repo.release(content ?? Buffer.from(`release ${version}`), { version, counter, ...firmware });
    },

    async restart(changes) {
      running.trust = await start(changes);
    },

    async generation() {
      const tuf = join(trustDir, 'tuf');
      const current = await readlink(join(tuf, 'current')).catch(() => undefined);
      if (current === undefined) return {};
      const names = await readdir(join(tuf, current));
      return Object.fromEntries(
        await Promise.all(names.map(async name => [name, await readFile(join(tuf, current, name), 'utf8')] as const)),
      );
    },

    async refuses(code, attack) {
      const before = await victim.generation();
      const error = await attack().then(
        () => undefined,
        (e: unknown) => e,
      );
      if (!(error instanceof AgentError)) throw new Error(`not refused, but: ${String(error)}`, { cause: error });
      if (error.code !== code) throw new Error(`refused as ${error.code}: ${error.message}`, { cause: error });
      if (JSON.stringify(await victim.generation()) !== JSON.stringify(before))
        throw new Error('refused, but the good generation changed');
      return error;
    },

    async recovers() {
      server.honest();
      server.serve(repo);
      const content = Buffer.from(`an honest release after counter ${counter}`);
      const taken = await victim.update(victim.release({}, content));
      if (!taken.equals(content)) throw new Error('what was taken is not what was released');
    },

    async [Symbol.asyncDispose]() {
      http.close();
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
  return victim;
}

export function makeTestClock(nowMs = VICTIM_EPOCH_MS): TestClock {
  let monotonicMs = 0;
  const clock: TestClock = {
    nowMs,
    now: () => clock.nowMs,
    monotonicMs: () => monotonicMs,
    pass(ms) {
      clock.nowMs += ms;
      monotonicMs += ms;
    },
    sleep: ms => Promise.resolve(clock.pass(ms)),
  };
  return clock;
}

function ignore(): void {
  // The tests look at errors and files, not at log lines.
}
