/** The real surroundings of an agent: this machine's clock, chance and files. */
import type { Logger } from 'pino';
import type { Surroundings } from '../agent.ts';
import { systemClock } from '../clock.ts';
import { durableFiles } from '../durable/durable-files.ts';

export function surroundings(log: Logger): Surroundings {
  return { clock: systemClock, random: Math.random, files: durableFiles, log };
}
