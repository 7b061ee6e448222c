/**
 * One writer at a time in a repository folder. The lock is a file that names its owner by process id and start time;
 * a lock whose owner is gone is taken over, so that a killed signer never blocks the next one.
 */
import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignerError } from '../signer-error.ts';
import { asideOf, errorCode } from './durable-file.ts';
import { inRoom } from './room.ts';

const RETRY_MS = 25;
/** Guards of guards: each one needs a process that died in the middle of clearing. */
const GUARDS_MAX = 3;

/** Runs `work` alone. @throws SignerError `repository-busy` where a living process keeps the lock beyond `waitMs`, `disk-full`. */
export async function alone<T>(dir: string, work: () => Promise<T>, waitMs = 15_000): Promise<T> {
  const path = join(dir, '.lock');
  const mine = `${process.pid} ${(await startTime(process.pid)) ?? '-'} ${randomUUID()}\n`;
  for (let waited = 0; !(await take(path, mine)); waited += RETRY_MS) {
    if (await clearIfStale(path, mine)) continue;
    if (waited >= waitMs) {
      throw new SignerError('repository-busy', `Another signer is at work in ${dir}. Wait for it, then try again.`);
    }
    await sleep(RETRY_MS);
  }
  try {
    return await work();
  } finally {
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
async function clearIfStale(path: string, mine: string, depth = 0): Promise<boolean> {
  const seen = await read(path);
  if (seen === undefined) return true;
  if (await ownerLives(seen)) return false;
  const guard = `${path}.clear`;
  if (!(await take(guard, mine))) return depth < GUARDS_MAX && clearIfStale(guard, mine, depth + 1);
  try {
    if ((await read(path)) === seen) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
  return true;
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
