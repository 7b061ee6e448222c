/**
 * Keeps one service running from one slot: starts it, starts it again when it dies (with growing delays), stops it with
 * its whole group. It outlives the agent, and is adopted by the next one if it runs from the right slot.
 */
import type { ChildProcess } from 'node:child_process';
import { open } from 'node:fs/promises';
import { Sha256 } from '@tidegate/protocol';
import * as Type from '@tidegate/protocol/type';
import type { Clock } from '../clock.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { createStateFile } from '../durable/state-file.ts';
import type { Log } from '../log.ts';
import { backoffMs } from '../machine/backoff.ts';
import type { SlotName } from '../ports.ts';
import { spawn } from './child-process.ts';
import { findMarked, identify, isAlive, type ProcessIdentity, SERVICE_MARK } from './processes.ts';

export interface ServiceSettings {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly stopTimeoutSeconds: number;
}

/** The software that is to run: a slot's folder, and what was installed into it. */
export interface ServicePlace {
  readonly slot: SlotName;
  readonly folder: string;
  readonly version: string;
  readonly sha256?: string;
}

export interface Service {
  /** Sees to it that the service of this place runs, and no other. Resolves when it was started or adopted. */
  start(place: ServicePlace): Promise<void>;
  /** Stops it, politely first, and all that carry its mark. */
  stop(): Promise<void>;
  /** Ends the watch, a restart that is under way included; the service goes on. */
  leave(): Promise<void>;
  /** How often it died under this watch. */
  deaths(): number;
}

export interface ServiceDeps {
  readonly settings: ServiceSettings;
  /** Unique on this machine: tells this service's processes from others. */
  readonly mark: string;
  readonly files: DurableFiles;
  /** Where the running process is noted. */
  readonly notePath: string;
  /** Where its output goes; cut when it has grown beyond a megabyte. */
  readonly outputPath: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

const RESTART_BACKOFF = { baseSeconds: 0.1, maxSeconds: 30 };
const STABLE_MS = 60_000;
const LOOK_MS = 250;
const OUTPUT_BYTES = 1024 * 1024;

const Note = Type.Object({
  pid: Type.Integer({ minimum: 2 }),
  startTime: Type.String(),
  slot: Type.Enum(['a', 'b']),
  version: Type.String(),
  sha256: Type.Optional(Sha256),
});

export function createService(deps: ServiceDeps): Service {
  const { settings, clock, log } = deps;
  const note = createStateFile({ files: deps.files, path: deps.notePath, format: 1, schema: Note });
  const watch: { place?: ServicePlace; end?: AbortController; ended?: Promise<void>; deaths: number } = { deaths: 0 };

  /** Everything of this service that lives, whoever started it. */
  const living = async (): Promise<ProcessIdentity[]> => {
    const noted = await note.load();
    const marked = await findMarked(deps.mark);
    const isNew = noted.kind === 'value' && !marked.some(p => p.pid === noted.value.pid);
    return isNew && (await isAlive(noted.value)) ? [...marked, noted.value] : marked;
  };

  const adoptable = async (place: ServicePlace): Promise<ProcessIdentity | undefined> => {
    const noted = await note.load();
    if (noted.kind !== 'value') return undefined;
    const { slot, version, sha256 } = noted.value;
    const isSame = slot === place.slot && version === place.version && sha256 === place.sha256;
    return isSame && (await isAlive(noted.value)) ? noted.value : undefined;
  };

  const endAll = async (processes: readonly ProcessIdentity[]) => {
    await Promise.all(
      processes.map(async p => {
        signalGroup(p, 'SIGTERM');
        const deadline = clock.monotonicMs() + settings.stopTimeoutSeconds * 1000;
        while ((await isAlive(p)) && clock.monotonicMs() < deadline) await clock.sleep(LOOK_MS / 5);
        if (await isAlive(p)) signalGroup(p, 'SIGKILL');
        while (await isAlive(p)) await clock.sleep(LOOK_MS / 5);
      }),
    );
  };

  const launch = async (place: ServicePlace): Promise<Run | undefined> => {
    const output = await openOutput(deps.outputPath);
    try {
      const [program, ...args] = settings.command;
      const child = spawn(program, args, {
        cwd: place.folder,
        // Only what is configured: the agent's own environment is nobody's business.
        env: { PATH: process.env['PATH'], ...settings.env, [SERVICE_MARK]: deps.mark },
        stdio: ['ignore', output.fd, output.fd],
        detached: true,
      });
      const gone = exitOf(child);
      child.unref();
      const identity = child.pid === undefined ? undefined : await identify(child.pid);
      if (!identity) return undefined;
      const { slot, version, sha256 } = place;
      await note.save({ ...identity, slot, version, ...(sha256 ? { sha256 } : {}) });
      return { pid: identity.pid, gone };
    } finally {
      await output.close();
    }
  };

  const obtain = async (place: ServicePlace): Promise<Run | undefined> => {
    const adopted = await adoptable(place);
    const others = (await living()).filter(p => p.pid !== adopted?.pid);
    await endAll(others);
    if (!adopted) return launch(place);
    log.info({ pid: adopted.pid, slot: place.slot }, 'adopted the running service');
    return { pid: adopted.pid, gone: untilGone(adopted, clock) };
  };

  const supervise = async (place: ServicePlace, first: Run | undefined, signal: AbortSignal) => {
    let failures = 0;
    for (let run = first; ; run = await obtain(place)) {
      const since = clock.monotonicMs();
      if (run) await Promise.race([run.gone, aborted(signal)]);
      if (signal.aborted) return;
      watch.deaths += 1;
      failures = clock.monotonicMs() - since > STABLE_MS ? 1 : failures + 1;
      log.warn({ slot: place.slot, deaths: watch.deaths }, 'the service died; it is started again');
      await clock.sleep(backoffMs(RESTART_BACKOFF, failures, deps.random()), signal);
      if (signal.aborted) return;
    }
  };

  const service: Service = {
    async start(place) {
      if (watch.end && isSamePlace(watch.place, place)) return;
      await service.leave();
      const first = await obtain(place);
      const end = new AbortController();
      const ended = supervise(place, first, end.signal).catch((error: unknown) => {
        // The watch is over; the next start begins another.
        delete watch.end;
        log.error({ err: error }, 'the watch over the service failed');
      });
      Object.assign(watch, { place, end, ended, deaths: 0 });
    },
    async stop() {
      await service.leave();
      await endAll(await living());
    },
    async leave() {
      watch.end?.abort();
      delete watch.end;
      // A restart under way would bring the service back after it was stopped, or beside the one started next.
      await watch.ended;
    },
    deaths: () => watch.deaths,
  };
  return service;
}

interface Run {
  readonly pid: number;
  readonly gone: Promise<void>;
}

function isSamePlace(a: ServicePlace | undefined, b: ServicePlace): boolean {
  return a?.slot === b.slot && a.version === b.version && a.sha256 === b.sha256;
}

function exitOf(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
}

async function untilGone(identity: ProcessIdentity, clock: Clock): Promise<void> {
  while (await isAlive(identity)) await clock.sleep(LOOK_MS);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise(resolve => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function signalGroup(p: ProcessIdentity, signal: NodeJS.Signals): void {
  try {
    process.kill(-p.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function openOutput(path: string) {
  const file = await open(path, 'a', 0o600);
  if ((await file.stat()).size > OUTPUT_BYTES) await file.truncate();
  return file;
}
