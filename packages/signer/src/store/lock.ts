/**
 * One writer at a time in a repository folder. The lock is a file that names its owner by process id and start time, and
 * by the machine and container where those mean anything; a lock whose owner is gone is taken over, so that a killed
 * signer never blocks the next one. Elsewhere an owner is known by its sign of life alone: it must not be silent long.
 */
import { randomUUID } from 'node:crypto';
import { link, open, readFile, readlink, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignerError } from '../signer-error.ts';
import { asideOf, errorCode } from './durable-file.ts';
import { inRoom } from './room.ts';

const LOCK_FILE = '.lock';
const RETRY_MS = 25;
/** Guards of guards: each one needs a process that died in the middle of clearing. */
const GUARDS_MAX = 3;
const SIGN_OF_LIFE_MS = 1000;

export interface Patience {
  readonly waitMs: number;
  /** An owner on another machine that gives no sign of life for so long counts as gone. */
  readonly silentMs: number;
}

/**
 * Runs `work` alone.
 * @throws SignerError `repository-busy` where a living process keeps the lock beyond `waitMs`, `disk-full`.
 */
export async function alone<T>(
  dir: string,
  work: () => Promise<T>,
  { waitMs, silentMs }: Patience = { waitMs: 15_000, silentMs: 10_000 },
): Promise<T> {
  const path = join(dir, LOCK_FILE);
  const mine = await owner();
  const watch = watchElsewhere(path, silentMs);
  for (const started = performance.now(); !(await take(path, mine)); ) {
    if (await clearIfStale(path, mine, await watch())) continue;
    if (performance.now() - started >= waitMs) {
      throw new SignerError('repository-busy', `Another signer is at work in ${dir}. Wait for it, then try again.`);
    }
    await sleep(RETRY_MS);
  }
  const beating = setInterval(() => void signOfLife(path, mine), SIGN_OF_LIFE_MS);
  try {
    return await work();
  } finally {
    clearInterval(beating);
    if ((await read(path)) === mine) await rm(path, { force: true });
  }
}

async function take(path: string, content: string): Promise<boolean> {
  const aside = asideOf(path);
  try {
    return await inRoom(dirname(path), content.length, async () => {
      await writeFile(aside, content, { flag: 'wx' });
      await link(aside, path);
      return true;
    });
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

/**
 * Removes a dead owner's lock, under a guard beside it and after a second look: between reading and removing, another
 * taker may have been faster. A guard whose owner died is cleared the same way. True where it is worth trying at once.
 */
async function clearIfStale(path: string, mine: string, silent: string | undefined, depth = 0): Promise<boolean> {
  const seen = await read(path);
  if (seen === undefined) return true;
  const gone = placeIn(seen) === (await place()) ? !(await ownerLives(seen)) : seen === silent;
  if (!gone) return false;
  const guard = `${path}.clear`;
  if (!(await take(guard, mine))) return depth < GUARDS_MAX && clearIfStale(guard, mine, undefined, depth + 1);
  try {
    if ((await read(path)) === seen) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
  return true;
}

/**
 * @returns what tells the lock of an owner elsewhere that has been silent for so long, by this machine's clock; a time
 *   that another machine wrote is only compared with itself
 */
function watchElsewhere(path: string, silentMs: number): () => Promise<string | undefined> {
  let seen: { readonly beat: string; readonly at: number } | undefined;
  return async () => {
    const now = await beatOf(path);
    if (now && seen?.beat !== now.beat) seen = { beat: now.beat, at: performance.now() };
    return now && seen && performance.now() - seen.at >= silentMs ? now.content : undefined;
  };
}

/** Opened for each look: a network file system tells the truth about a file that is just opened. */
async function beatOf(path: string): Promise<{ content: string; beat: string } | undefined> {
  try {
    await using file = await open(path, 'r');
    const content = await file.readFile('utf8');
    return { content, beat: `${content}${(await file.stat({ bigint: true })).mtimeNs}` };
  } catch {
    return undefined;
  }
}

async function signOfLife(path: string, mine: string): Promise<void> {
  if ((await read(path)) !== mine) return;
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}

async function owner(): Promise<string> {
  return `${process.pid} ${(await startTime(process.pid)) ?? '-'} ${await place()} ${randomUUID()}\n`;
}

function placeIn(content: string): string | undefined {
  return content.trim().split(' ')[2];
}

/** Where process ids mean the same: a boot of a machine, and in it a container. */
async function place(): Promise<string> {
  const boot = (await read('/proc/sys/kernel/random/boot_id'))?.trim() ?? hostname();
  const space = await readlink('/proc/self/ns/pid').catch(() => '-');
  return `${boot}/${space}`;
}

export interface LockOwner {
  readonly pid: string;
  /** On another machine, or in another container: whether it lives cannot be asked from here. */
  readonly isElsewhere: boolean;
  readonly lives: boolean;
}

/** Who holds the folder's lock, if anybody; reads only. */
export async function lockOwner(dir: string): Promise<LockOwner | undefined> {
  const content = await read(join(dir, LOCK_FILE));
  if (content === undefined) return undefined;
  const isElsewhere = placeIn(content) !== (await place());
  return { pid: content.split(' ')[0] ?? '', isElsewhere, lives: isElsewhere || (await ownerLives(content)) };
}

async function ownerLives(content: string): Promise<boolean> {
  const [pidText, started] = content.trim().split(' ');
  const pid = Number(pidText);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
  // The number may have been given to another process since; the start time tells (Linux only).
  const now = await startTime(pid);
  return now === undefined || started === '-' || started === now;
}

async function startTime(pid: number): Promise<string | undefined> {
  const stat = await read(`/proc/${pid}/stat`);
  // The command's name may hold spaces and brackets: count from behind it. Field 22 of proc(5).
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
