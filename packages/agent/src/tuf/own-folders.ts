/**
 * Keeps the plain client away from the agent's own state: trust must never be written but by the agent's rules. Its
 * folders are known from the config where there is one, and by what lies in them wherever they are.
 */
import { readdir, realpath } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { readConfig } from '../config.ts';
import { ConfigError } from '../config-error.ts';

/** Files that only the agent makes. */
const MARKS = ['agent.lock', 'floors.a.json', 'floors.b.json', 'journal.json', 'device-key.pem', 'outbox.json'];

/** @returns the folder of the agent's state that the given one is, holds or lies in; undefined where it is none of these */
export async function ownFolder(given: string, configFile: string): Promise<string | undefined> {
  const folder = await real(resolve(given));
  for (const own of await configured(configFile)) {
    if (isWithin(folder, own) || isWithin(own, folder)) return own;
  }
  for (let above = folder; ; above = dirname(above)) {
    if (await isMarked(above)) return above;
    if (above === dirname(above)) break;
  }
  for (const name of await names(folder)) if (await isMarked(join(folder, name))) return join(folder, name);
  return undefined;
}

async function configured(configFile: string): Promise<string[]> {
  try {
    const { netDir, trustDir } = await readConfig(configFile);
    return await Promise.all([netDir, trustDir].map(path => real(resolve(path))));
  } catch (error) {
    // Where no agent is set up there is nothing of its own to keep.
    if (error instanceof ConfigError) return [];
    throw error;
  }
}

async function isMarked(folder: string): Promise<boolean> {
  const there = await names(folder);
  return MARKS.some(mark => there.includes(mark));
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** The path without links, as far as it exists. */
async function real(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(await real(above), relative(above, path));
  }
}

function isWithin(inner: string, outer: string): boolean {
  const way = relative(outer, inner);
  return way === '' || (way !== '..' && !way.startsWith('../'));
}
