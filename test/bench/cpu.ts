/** What a load costs the process that answers it. */
import { readFile } from 'node:fs/promises';
import { type Load, runLoad } from './load.ts';

/** The kernel counts in hundredths of a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU time that a process has used so far, in seconds, as the kernel counts it (Linux). */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The command's name may hold spaces; the fields after it start behind the last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Answers to the load for each second of the process's own CPU time. */
export async function perCpuSecond(load: Load, pid: number): Promise<number> {
  const before = await cpuSeconds(pid);
  const answered = await runLoad(load);
  return answered / ((await cpuSeconds(pid)) - before);
}
