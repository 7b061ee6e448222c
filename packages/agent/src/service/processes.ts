/**
 * Finds the processes of a service again, also after the agent was killed between starting one and noting it: by its
 * noted id and start time, and by a mark in its environment. A process id alone proves nothing; ids are given out again.
 */
import { readdir, readFile } from 'node:fs/promises';

export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  readonly startTime: string;
}

/** The environment variable that marks a service's leading process. */
export const SERVICE_MARK = 'TIDEGATE_SERVICE';

/** @returns undefined where there is no such process any more, or only its remains */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await statOf(pid);
  return stat && stat.state !== 'Z' && stat.state !== 'X' ? { pid, startTime: stat.startTime } : undefined;
}

export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.startTime === identity.startTime;
}

/** Session leaders whose environment carries the mark with this value. */
export async function findMarked(mark: string): Promise<ProcessIdentity[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async pid => {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      if (!environment.split('\0').includes(`${SERVICE_MARK}=${mark}`)) return undefined;
      const stat = await statOf(pid);
      return stat?.session === pid ? await identify(pid) : undefined;
    }),
  );
  return found.filter(p => p !== undefined);
}

interface Stat {
  readonly state: string;
  readonly session: number;
  readonly startTime: string;
}

async function statOf(pid: number): Promise<Stat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The second field is the program's name in brackets and may hold anything: count from behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? 'X', session: Number(fields[3]), startTime: fields[19] ?? '' };
}
