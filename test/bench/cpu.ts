/** What a load costs the processes that answer it. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Load, runLoad } from './load.ts';

/** The kernel counts in hundredths of a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU time that a process has used so far, in seconds, as the kernel counts it (Linux). */
export async function cpuSeconds(pid: number): Promise<number> {
  const [user = 0, system = 0] = await ticks(pid);
  return (user + system) / TICKS_PER_SECOND;
}

/** The same of a process and its children, those that have ended and were waited for too: nginx and its workers. */
export async function familyCpuSeconds(pid: number): Promise<number> {
  const own = (await ticks(pid)).reduce((all, one) => all + one, 0) / TICKS_PER_SECOND;
  const living = await Promise.all((await childrenOf(pid)).map(child => cpuSeconds(child).catch(() => 0)));
  return living.reduce((all, one) => all + one, own);
}

/** The same of all processes of a PostgreSQL in a folder of `startEmbeddedPostgres`. */
export async function postgresCpuSeconds(folder: string): Promise<number> {
  const postmaster = Number.parseInt(await readFile(join(folder, 'postgres/cluster/postmaster.pid'), 'utf8'), 10);
  return familyCpuSeconds(postmaster);
}

/** Answers to the load for each second of the process's own CPU time. */
export async function perCpuSecond(load: Load, pid: number): Promise<number> {
  const before = await cpuSeconds(pid);
  const answered = await runLoad(load);
  return answered / ((await cpuSeconds(pid)) - before);
}

/** In user mode and in the kernel, its own and of its children that were waited for. */
async function ticks(pid: number): Promise<number[]> {
  return (await statFields(pid)).slice(11, 15).map(Number);
}

/** The fields of `/proc/PID/stat` from the third on: the command's name before them may hold spaces. */
async function statFields(pid: number): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

async function childrenOf(parent: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(
    pids.map(pid =>
      statFields(pid).then(
        f => Number(f[1]),
        () => 0,
      ),
    ),
  );
  return pids.filter((_, i) => parents[i] === parent);
}
