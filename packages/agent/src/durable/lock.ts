/**
 * One process at a time: a file that names its holder. A holder that is gone, even by kill -9 or a power cut, holds
 * nothing: its start time tells it from another process that was given the same number.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AgentError } from '../agent-error.ts';

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
      await removeStale(path, holder);
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

async function removeStale(path: string, holder: string): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch {
    return; // Somebody else was faster.
  }
  // Between reading and moving, another process may have taken the lock: give it back.
  if ((await readFile(aside, 'utf8')) !== holder) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
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
