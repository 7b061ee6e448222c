/**
 * One process at a time: a file that names its holder. A holder that is gone, even by kill -9 or a power cut, holds
 * nothing: its start time tells it from another process that was given the same number.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AgentError } from '../agent-error.ts';

/** Guards of guards: each one needs a process that died in the middle of clearing. */
const GUARDS_MAX = 3;

export interface Lock {
  release(): Promise<void>;
}

/** @throws AgentError not-now where another live process holds it */
export async function acquireLock(path: string): Promise<Lock> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const mine = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(mine, await identity(process.pid), { mode: 0o600 });
  try {
    for (let tries = 0; tries < 3; tries++) {
      if (await taken(mine, path)) return { release: () => rm(path, { force: true }) };
      const holder = await readFile(path, 'utf8').catch(() => '');
      if (holder !== '' && (await isAlive(holder)))
        throw new AgentError('not-now', `${path} is held by process ${holder.split(' ')[0]}`);
      await clearStale(path, holder, mine);
    }
    throw new AgentError('not-now', `${path} could not be taken`);
  } finally {
    await rm(mine, { force: true });
  }
}

/** A link is made or is not: no reader ever sees a lock without its holder's name. */
async function taken(mine: string, path: string): Promise<boolean> {
  try {
    await link(mine, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes a lock whose holder is dead. Only who holds the guard beside it may do so, and looks again under it: between
 * reading and removing, another process may have taken the lock. A guard whose holder died is cleared the same way.
 */
async function clearStale(path: string, holder: string, mine: string, depth = 0): Promise<void> {
  const guard = `${path}.clear`;
  if (await taken(mine, guard)) {
    try {
      if ((await readFile(path, 'utf8').catch(() => undefined)) === holder) await rm(path, { force: true });
    } finally {
      await rm(guard, { force: true });
    }
    return;
  }
  const clearing = await readFile(guard, 'utf8').catch(() => undefined);
  if (clearing === undefined || depth >= GUARDS_MAX || (await isAlive(clearing))) return;
  await clearStale(guard, clearing, mine, depth + 1);
}

async function isAlive(holder: string): Promise<boolean> {
  const pid = Number(holder.split(' ')[0]);
  return Number.isInteger(pid) && pid > 0 && (await identity(pid).catch(() => undefined)) === holder;
}

/** Number and start time (field 22 of /proc/PID/stat, after the name, which may hold anything), with the boot's id. */
async function identity(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  return `${pid} ${startTime} ${bootId}`;
}
