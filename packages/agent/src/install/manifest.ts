/**
 * What a slot should hold, and whether it does. The manifest is made from the bytes that were sent; the tree is read
 * back from disk against it, so that neither a faulty disk nor a stray hand goes unseen (EN 303 645 5.3-9).
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Sha256 } from '@tidegate/protocol';
import type { Static } from 'typebox';
import * as Type from '@tidegate/protocol/type';

export const ManifestEntry = Type.Union([
  Type.Object({ path: Type.String(), type: Type.Literal('folder') }),
  Type.Object({ path: Type.String(), type: Type.Literal('link'), target: Type.String() }),
  Type.Object({
    path: Type.String(),
    type: Type.Literal('file'),
    bytes: Type.Integer({ minimum: 0 }),
    executable: Type.Boolean(),
    sha256: Sha256,
  }),
]);
export type ManifestEntry = Static<typeof ManifestEntry>;
export const Manifest = Type.Object({ entries: Type.Array(ManifestEntry) });

/** @returns undefined where the tree is what it should be, else the first difference in plain words */
export async function firstDifference(folder: string, expected: readonly ManifestEntry[]): Promise<string | undefined> {
  const found = new Map((await readTree(folder)).map(e => [e.path, JSON.stringify(e)]));
  for (const entry of expected) {
    const there = found.get(entry.path);
    if (there === undefined) return `${entry.path} is missing`;
    if (there !== JSON.stringify(ordered(entry))) return `${entry.path} is not what was sent`;
    found.delete(entry.path);
  }
  const [stray] = found.keys();
  return stray === undefined ? undefined : `${stray} does not belong there`;
}

/** The entry with its fields in one order, so that two can be compared as text. */
function ordered(e: ManifestEntry): ManifestEntry {
  if (e.type === 'folder') return { path: e.path, type: e.type };
  if (e.type === 'link') return { path: e.path, type: e.type, target: e.target };
  return { path: e.path, type: e.type, bytes: e.bytes, executable: e.executable, sha256: e.sha256 };
}

async function readTree(root: string, below = ''): Promise<ManifestEntry[]> {
  const entries: ManifestEntry[] = [];
  for (const name of await readdir(join(root, below)).catch(nothingThere)) {
    const path = below === '' ? name : `${below}/${name}`;
    const full = join(root, path);
    const about = await lstat(full);
    if (about.isDirectory()) entries.push({ path, type: 'folder' }, ...(await readTree(root, path)));
    else if (about.isSymbolicLink()) entries.push({ path, type: 'link', target: await readlink(full) });
    else if (about.isFile()) {
      const executable = (about.mode & 0o100) !== 0;
      entries.push({ path, type: 'file', bytes: about.size, executable, sha256: await hashOf(full) });
    } else throw new Error(`${full} is no file, folder or link`);
  }
  return entries;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function nothingThere(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}
