/** The real surroundings of an agent: this machine's clock, chance and files. */
import { writeSync } from 'node:fs';
import type { Surroundings } from '../agent.ts';
import { systemClock } from '../clock.ts';
import { durableFiles } from '../durable/durable-files.ts';
import type { Log } from '../log.ts';

export function surroundings(log: Log): Surroundings {
  return { clock: systemClock, random: Math.random, files: durableFiles, log };
}

/** Standard output or error, without what Node puts around them. That nobody reads a line stops no update. */
export function writeTo(descriptor: 1 | 2): (line: string) => void {
  return line => {
    try {
      writeSync(descriptor, line);
    } catch {
      // The reader has gone, or the disk that it writes to is full.
    }
  };
}
