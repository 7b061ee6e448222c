/**
 * Writes an archive into an empty folder, every file flushed. Files, folders and inward symbolic links only; the count
 * and the bytes are limited before they are written. Links are made last: no byte is ever written through one.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AgentError } from '../agent-error.ts';
import { syncFolder } from '../durable/durable-files.ts';
import { entryPath, linkStaysInside } from './entry-path.ts';
import type { ManifestEntry } from './manifest.ts';
import { type TarEntry, tarEntries } from './tar-entries.ts';

export interface UnpackLimits {
  readonly entries: number;
  /** In all, uncompressed. */
  readonly bytes: number;
}

export const UNPACK_LIMITS: UnpackLimits = { entries: 50_000, bytes: 8 * 1024 ** 3 };

/**
 * Unpacks a tar archive, gzipped or not.
 * @returns what now lies in the folder
 * @throws AgentError installer-failed for whatever the archive must not hold
 */
export async function unpackTar(
  bytes: AsyncIterable<Buffer>,
  folder: string,
  signal: AbortSignal,
  limits: UnpackLimits = UNPACK_LIMITS,
): Promise<ManifestEntry[]> {
  const made = new Map<string, ManifestEntry>();
  const budget = { entries: limits.entries, bytes: limits.bytes };
  for await (const entry of tarEntries(bytes)) {
    signal.throwIfAborted();
    await take(entry, folder, made, budget);
  }
  const entries = [...made.values()];
  if (entries.length === 0) throw refused('the archive is empty');
  for (const e of entries) if (e.type === 'link') await symlink(e.target, join(folder, e.path));
  const folders = entries.filter(e => e.type === 'folder').map(e => e.path);
  for (const path of ['', ...folders].toReversed()) await syncFolder(join(folder, path));
  return entries;
}

async function take(
  entry: TarEntry,
  folder: string,
  made: Map<string, ManifestEntry>,
  budget: { entries: number; bytes: number },
): Promise<void> {
  const path = entryPath(entry.path);
  if (path === undefined) throw refused(`the name ${JSON.stringify(entry.path.slice(0, 80))} is not allowed`);
  budget.entries -= 1;
  budget.bytes -= entry.size;
  if (budget.entries < 0) throw refused('too many entries');
  if (budget.bytes < 0) throw refused('too many bytes when unpacked');
  if (entry.type === 'Directory') await makeFolders(path, folder, made);
  else {
    if (path === '' || made.has(path)) throw refused(`${entry.path} comes twice`);
    await makeFolders(path.includes('/') ? dirname(path) : '', folder, made);
    if (entry.type === 'SymbolicLink') made.set(path, inwardLink(path, entry.linkpath));
    else if (entry.type === 'File' || entry.type === 'OldFile') made.set(path, await writeEntry(entry, path, folder));
    else throw refused(`${path} is a ${entry.type}, which is not allowed`);
  }
}

function inwardLink(path: string, target: string): ManifestEntry {
  if (!linkStaysInside(path, target)) throw refused(`the link ${path} leads out of the slot`);
  return { path, type: 'link', target };
}

async function makeFolders(path: string, root: string, made: Map<string, ManifestEntry>): Promise<void> {
  if (path === '') return;
  const known = made.get(path);
  if (known?.type === 'folder') return;
  if (known) throw refused(`${path} is a folder and something else`);
  if (path.includes('/')) await makeFolders(dirname(path), root, made);
  await mkdir(join(root, path), { mode: 0o755 });
  made.set(path, { path, type: 'folder' });
}

/** Of an entry's mode only the right to execute counts: no setuid, nothing for everybody to write. */
async function writeEntry(entry: TarEntry, path: string, folder: string): Promise<ManifestEntry> {
  const executable = (entry.mode & 0o100) !== 0;
  return writeFileFrom(entry.body, { path, folder, executable });
}

export async function writeFileFrom(
  bytes: AsyncIterable<Buffer>,
  { path, folder, executable }: { path: string; folder: string; executable: boolean },
): Promise<ManifestEntry> {
  const hash = createHash('sha256');
  let length = 0;
  const handle = await open(join(folder, path), 'wx', 0o600);
  try {
    for await (const chunk of bytes) {
      await handle.appendFile(chunk);
      hash.update(chunk);
      length += chunk.length;
    }
    // Set apart from open(), which the process's umask would narrow.
    await handle.chmod(executable ? 0o755 : 0o644);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { path, type: 'file', bytes: length, executable, sha256: hash.digest('hex') };
}

function refused(detail: string): AgentError {
  return new AgentError('installer-failed', detail);
}
