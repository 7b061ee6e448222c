/** What a process holds of the machine's memory (Linux). */
import { readFile } from 'node:fs/promises';

export interface Memory {
  /** All pages in memory, with those of the program itself, which others may share. */
  readonly residentMegabytes: number;
  /** Its own alone: what is free again when it ends. */
  readonly privateMegabytes: number;
}

export async function memoryOf(pid: number): Promise<Memory> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const megabytes = (field: string) => {
    const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1];
    if (kibibytes === undefined) throw new Error(`smaps_rollup of ${pid} has no ${field}`);
    return (Number(kibibytes) * 1024) / 1e6;
  };
  return { residentMegabytes: megabytes('Rss'), privateMegabytes: megabytes('Anonymous') };
}
