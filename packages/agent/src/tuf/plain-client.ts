/**
 * The plain TUF client that other clients offer too: the specification's workflow on any repository, the lists as plain
 * files in a folder. Nothing of the product stands in it: no floors, channels, counters or holds. Not for a device's own
 * updates.
 */
import { copyFile, lstat, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentPath, LIMITS } from '@tidegate/protocol';
import { TargetFile } from '@tufjs/models';
import { AgentError } from '../agent-error.ts';
import type { Clock } from '../clock.ts';
import { createDownloader } from '../download/create-downloader.ts';
import { fileHash } from '../download/file-hash.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { acquireLock } from '../durable/lock.ts';
import type { HttpClient } from '../net/http-client.ts';
import type { SignedArtifact } from '../ports.ts';
import { trustError } from '../trust/error-code.ts';
import { readRoot } from '../trust/signed-lists.ts';
import { type OpenUpdater, openUpdater } from '../trust/updater.ts';

export interface PlainClient {
  readonly files: DurableFiles;
  readonly http: HttpClient;
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>;
  readonly signal: AbortSignal;
  /** Holds `root.json`, `timestamp.json` and the others. */
  readonly metadataDir: string;
}

/** Versions of the lists by role, as they are trusted now. */
export type Versions = Readonly<Record<string, number>>;

export interface Wanted {
  readonly metadataUrl: string;
  /** Brought one after the other, as one state of the repository names them. */
  readonly targetNames: readonly string[];
  readonly targetBaseUrl: string;
  readonly targetDir: string;
}

/** Trusts a root from now on. @throws AgentError where it is none, or where another is trusted already */
export async function init(client: PlainClient, rootFile: string): Promise<Versions> {
  const bytes = await readBounded(rootFile);
  const { version } = asRoot(rootFile, bytes).signed;
  const path = join(client.metadataDir, 'root.json');
  await alone(client, async () => {
    const known = await client.files.read(path);
    if (known && !known.equals(bytes))
      throw new AgentError('metadata-mismatch', `${path} is there already; remove it to begin anew`);
    if (!known) await client.files.write(path, bytes, { mode: 0o644 });
  });
  return { root: version };
}

/** Brings the four top-level lists up to date (TUF 5.3 to 5.6). @throws AgentError */
export function refresh(client: PlainClient, metadataUrl: string): Promise<Versions> {
  return withUpdater(client, metadataUrl, async ({ updater, lists }) => {
    await updater.refresh();
    return versionsOf(lists);
  });
}

export interface Downloaded extends SignedArtifact {
  /** Where it lies. */
  readonly file: string;
}

/**
 * Refreshes, finds each target by the walk of delegations, and brings its bytes. Ends with the first that fails.
 * @throws AgentError also where no list names a target
 */
export function download(client: PlainClient, wanted: Wanted): Promise<Downloaded[]> {
  return withUpdater(client, wanted.metadataUrl, async open => {
    await open.updater.refresh();
    const downloaded: Downloaded[] = [];
    for (const name of wanted.targetNames) downloaded.push(await bring(client, wanted, await find(open, name)));
    return downloaded;
  });
}

interface Found extends SignedArtifact {
  /** Where it lies below the base of targets. */
  readonly place: string;
}

async function find({ updater, lists }: OpenUpdater, path: string): Promise<Found> {
  const found: unknown = await updater.getTargetInfo(path);
  // tuf-js looks names up in plain objects, where `toString` is one too.
  if (!(found instanceof TargetFile)) throw new AgentError('target-not-signed', `no list names ${path}`);
  const { length: lengthBytes, hashes } = found;
  const sha256 = hashes['sha256'];
  if (sha256 === undefined) throw new AgentError('metadata-malformed', `${path} has no SHA-256`);
  if (lengthBytes > LIMITS.artifactBytes) throw new AgentError('metadata-malformed', `${path} is too long`);
  const place = lists.root.signed.consistentSnapshot ? contentPath(path, sha256) : path;
  return { path, sha256, lengthBytes, place };
}

async function bring(
  client: PlainClient,
  { targetBaseUrl, targetDir }: Wanted,
  { place, ...artifact }: Found,
): Promise<Downloaded> {
  const file = join(targetDir, fileName(artifact.path));
  if ((await fileHash(file)) === artifact.sha256) return { ...artifact, file };
  await mkdir(targetDir, { recursive: true });
  const work = join(targetDir, '.tidegate');
  const placeOf = () => place.split('/').map(encodeURIComponent).join('/');
  const downloader = createDownloader({ ...client, netDir: work, sources: [targetBaseUrl], placeOf });
  await client.files.rename(await downloader.download(artifact, { signal: client.signal }), file);
  await client.files.remove(work);
  return { ...artifact, file };
}

/** Runs the updater on a copy of the folder's lists; what it verified is kept, also where it failed further on (TUF 5.3.8). */
function withUpdater<T>(client: PlainClient, metadataUrl: string, use: (open: OpenUpdater) => Promise<T>): Promise<T> {
  return alone(client, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidegate-tuf-'));
    try {
      for (const name of await listsIn(client.metadataDir))
        await copyFile(join(client.metadataDir, name), join(folder, name));
      asRoot(client.metadataDir, await readBounded(join(folder, 'root.json')));
      const open = openUpdater({ ...client, folder, metadataUrl, trustedNowMs: client.clock.now() });
      try {
        return await use(open);
      } catch (error) {
        throw open.faultOf(error);
      } finally {
        await keepChanged(client, folder);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

async function keepChanged({ files, metadataDir }: PlainClient, folder: string): Promise<void> {
  for (const name of await listsIn(folder)) {
    const bytes = await readFile(join(folder, name));
    const known = await files.read(join(metadataDir, name));
    if (!known?.equals(bytes)) await files.write(join(metadataDir, name), bytes, { mode: 0o644 });
  }
}

async function alone<T>({ metadataDir }: PlainClient, work: () => Promise<T>): Promise<T> {
  await mkdir(metadataDir, { recursive: true });
  const lock = await acquireLock(join(metadataDir, '.lock'));
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/** Files that may be lists: others in the folder are nobody's business. */
async function listsIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of await readdir(folder)) {
    const about = await lstat(join(folder, name));
    if (name.endsWith('.json') && about.isFile() && about.size <= LIMITS.targetsBytes) names.push(name);
  }
  return names;
}

function versionsOf({ root, timestamp, snapshot, targets }: OpenUpdater['lists']): Versions {
  const all = Object.entries({ root, timestamp, snapshot, targets });
  return Object.fromEntries(all.flatMap(([role, list]) => (list ? [[role, list.signed.version]] : [])));
}

function asRoot(where: string, bytes: Buffer) {
  try {
    return readRoot(bytes);
  } catch (error) {
    const fault = trustError(error);
    throw new AgentError(fault.code, `${where} holds no root that can be trusted: ${fault.message}`, { cause: error });
  }
}

async function readBounded(path: string): Promise<Buffer> {
  try {
    const about = await lstat(path);
    if (about.size > LIMITS.rootBytes) throw new Error('it is too large for a root');
    return await readFile(path);
  } catch (error) {
    throw new AgentError('metadata-malformed', `${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** One flat folder, whatever the target's path: as other clients name them. */
function fileName(targetName: string): string {
  const name = targetName.isWellFormed() ? encodeURIComponent(targetName) : '';
  if (name === '' || name.startsWith('.'))
    throw new AgentError('target-not-signed', `${JSON.stringify(targetName)} cannot be the name of a file`);
  return name;
}
