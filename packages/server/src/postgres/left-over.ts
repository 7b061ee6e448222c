/**
 * What a killed run may have left behind: a PostgreSQL that still runs in the folder (its guard was killed too), or one
 * that its guard is just stopping. It is stopped in good order before a new one starts. One that another living
 * server uses is never touched.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { readIfThere } from '../durable-file.ts';
import { GUARD_NAME } from './postgres-guard.ts';

const GUARD_STOPS_WITHIN_MS = 5_000;
const STOPS_WITHIN_MS = 60_000;

/** Throws where another server uses the folder, or where the left-over does not end. */
export async function clearLeftOver(clusterFolder: string, log: Logger): Promise<void> {
  const pid = Number.parseInt((await readIfThere(join(clusterFolder, 'postmaster.pid'))) ?? '', 10);
  if (!(pid > 0) || !(await isPostgresOf(pid, clusterFolder))) return;
  if (await endsWithin(pid, clusterFolder, GUARD_STOPS_WITHIN_MS)) return;
  if (await isGuarded(pid)) throw new Error(`another server uses the data folder (PostgreSQL process ${pid}): stop it`);
  log.warn({ pid }, 'stopping a PostgreSQL that a killed run has left behind');
  process.kill(pid, 'SIGINT');
  if (!(await endsWithin(pid, clusterFolder, STOPS_WITHIN_MS))) {
    throw new Error(`a PostgreSQL that a killed run has left behind does not end (process ${pid}): end it`);
  }
}

async function endsWithin(pid: number, clusterFolder: string, ms: number): Promise<boolean> {
  for (let waited = 0; waited < ms; waited += 50) {
    if (!(await isPostgresOf(pid, clusterFolder))) return true;
    await delay(50);
  }
  return false;
}

/** A process number may have been given anew: only the command line tells. Without /proc, being alive must do. */
async function isPostgresOf(pid: number, clusterFolder: string): Promise<boolean> {
  if (existsSync('/proc/self/cmdline')) return (await commandOf(pid)).includes(clusterFolder);
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Without /proc nothing tells a left-over from a neighbour, so it is taken for one in use. */
async function isGuarded(pid: number): Promise<boolean> {
  if (!existsSync('/proc/self/status')) return true;
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const parent = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1] ?? 0);
  return (await commandOf(parent)).includes(GUARD_NAME);
}

async function commandOf(pid: number): Promise<string[]> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
}
