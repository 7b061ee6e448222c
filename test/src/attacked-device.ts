/**
 * The part of a device that attackers aim at: its trust and its downloader, real, on real folders and over a real socket.
 * Only the clock is the test's.
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
import type { Code } from '@tidegate/protocol';
import { tempFolder } from './temp-folder.ts';

export const DAY_MS = 86_400_000;

/** Ends within a second what an attacker would drag out. */
export const HASTY: HttpLimits = { ...SHORT_ANSWER, idleMs: 200, throughputWindowMs: 100 };

export interface DeviceUnderAttack extends AsyncDisposable {
  readonly trustDir: string;
  readonly netDir: string;
  readonly trust: Trust;
  readonly downloader: Downloader;
  /** What the agent does with an offer, up to the installer. @returns the bytes that it would install */
  update(path: string, facts?: Partial<DeviceFacts>): Promise<Buffer>;
  /** The agent starts again, from what lies on disk. */
  restart(changes?: Partial<TrustOptions>): Promise<void>;
  /** The good generation: name and bytes of each list. */
  generation(): Promise<Record<string, string>>;
  /** The attack is refused with this code, and the good generation is as before. */
  refuses(code: Code, attack: () => Promise<unknown>): Promise<AgentError>;
}

export interface AttackedOptions {
  readonly root: Uint8Array;
  readonly product: string;
  readonly channel: string;
  readonly sources: readonly string[];
  readonly clock: Clock;
  readonly builtAtMs: number;
}

export async function deviceUnderAttack(options: AttackedOptions): Promise<DeviceUnderAttack> {
  const { product, channel, sources, clock } = options;
  const folder = await tempFolder('tidegate-victim');
  const http = createHttpClient();
  const rootFile = join(folder.path, 'factory-root.json');
  await writeFile(rootFile, options.root);
  const trustDir = join(folder.path, 'trust');
  const netDir = join(folder.path, 'net');

  const start = (changes: Partial<TrustOptions> = {}) =>
    createTrust({
      trustDir,
      rootFile,
      product,
      channel,
      sources,
      http,
      clock,
      log: { info: ignore, warn: ignore, error: ignore },
      files: durableFiles,
      builtAt: new Date(options.builtAtMs).toISOString(),
      factoryFloors: {},
      limits: HASTY,
      ...changes,
    });
  const running = { trust: await start() };
  const downloader = createDownloader({ netDir, sources, http, files: durableFiles, clock, limits: HASTY });
  const facts: DeviceFacts = {
    product,
    hardware: `${product}-a`,
    channel,
    installed: { app: { version: '1.0.0', counter: 1 } },
  };

  const device: DeviceUnderAttack = {
    trustDir,
    netDir,
    get trust() {
      return running.trust;
    },
    downloader,

    async update(path, changed = {}) {
      await running.trust.refresh();
      const target = await running.trust.accept(path, { ...facts, ...changed });
      return readFile(await downloader.download(target, { signal: new AbortController().signal }));
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
      const before = await device.generation();
      const error = await attack().then(
        () => undefined,
        (e: unknown) => e,
      );
      if (!(error instanceof AgentError)) throw new Error(`not refused, but: ${String(error)}`, { cause: error });
      if (error.code !== code) throw new Error(`refused as ${error.code}: ${error.message}`, { cause: error });
      if (JSON.stringify(await device.generation()) !== JSON.stringify(before))
        throw new Error('refused, but the good generation changed');
      return error;
    },

    async [Symbol.asyncDispose]() {
      http.close();
      await folder[Symbol.asyncDispose]();
    },
  };
  return device;
}

function ignore(): void {
  // The tests look at errors and files, not at log lines.
}
