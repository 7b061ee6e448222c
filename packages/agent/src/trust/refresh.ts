/**
 * One refresh: from the best root at hand over each source in turn to a verified, complete set of lists, which then
 * becomes the good generation. A failure leaves the good generation as it was, but for a newer root: what was learned
 * about keys is kept (TUF 5.3.8).
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CODES, METADATA_BASE } from '@tidegate/protocol';
import { AgentError } from '../agent-error.ts';
import type { Log } from '../log.ts';
import type { RefreshResult } from '../ports.ts';
import { below } from '../net/safe-url.ts';
import type { HttpClient } from '../net/http-client.ts';
import type { HttpLimits } from '../net/http-limits.ts';
import { factsOf, raiseLists, raiseRoot, requireFloors, requireRootFloor, sameKeys } from './floors.ts';
import type { FloorStore } from './floor-store.ts';
import { type Generations, type ListFiles, sameFiles } from './generations.ts';
import { trustError } from './error-code.ts';
import { lintRoot } from './lint.ts';
import { type OwnRoles, rootDigest, type SignedLists } from './signed-lists.ts';
import { startingPoint } from './starting-point.ts';
import { issuedAtMs } from './trusted-time.ts';
import { openTufClient, type TufClient } from './tuf-client.ts';

export interface RefreshDeps {
  readonly http: HttpClient;
  readonly clock: { now(): number };
  readonly log: Log;
  readonly generations: Generations;
  readonly floorStore: FloorStore;
  readonly factoryRoot: Buffer;
  readonly product: string;
  readonly channel: string;
  readonly roles: OwnRoles;
  /** Bases that serve the lists: the update server, then mirrors. */
  readonly sources: readonly string[];
  readonly builtAtMs: number;
  readonly trustedNow: () => number;
  readonly limits?: HttpLimits | undefined;
}

/** @throws AgentError of the most telling failure, with the number of sources that failed likewise */
export async function refresh(deps: RefreshDeps, signal: AbortSignal | undefined): Promise<RefreshResult> {
  const failures: AgentError[] = [];
  for (const source of deps.sources) {
    try {
      return await refreshFrom(deps, source, signal);
    } catch (error) {
      const failure = trustError(error);
      deps.log.warn({ source, code: failure.code, detail: failure.message }, 'the signed lists could not be refreshed');
      // Our own disk, or our own wish to stop: the next source would change nothing.
      if (['stopped', 'disk-full', 'disk-io', 'internal'].includes(failure.code)) throw failure;
      failures.push(failure);
    }
  }
  throw mostTelling(failures);
}

async function refreshFrom(
  deps: RefreshDeps,
  source: string,
  signal: AbortSignal | undefined,
  again = true,
): Promise<RefreshResult> {
  const known = await deps.generations.load();
  const start = startingPoint(known, deps.factoryRoot, deps.floorStore.floors());
  const folder = deps.generations.workFolder;
  await fillFolder(folder, start.files);
  const client = openTufClient({
    http: deps.http,
    clock: deps.clock,
    signal,
    limits: deps.limits,
    folder,
    metadataUrl: below(source, METADATA_BASE),
    trustedNowMs: deps.trustedNow(),
    product: deps.product,
    channel: deps.channel,
  });
  try {
    const lists = await client.refresh();
    requireFloors(deps.floorStore.floors(), factsOf(lists, deps.roles));
    const files = await readFolder(folder, [
      'root',
      'timestamp',
      'snapshot',
      'targets',
      ...loadedRoles(lists, deps.roles),
    ]);
    const changed = !sameFiles(known[0], files);
    if (changed) await deps.generations.commit(files);
    await raiseFloors(deps, lists);
    const { version, expires } = lists.timestamp.signed;
    return { changed, timestampVersion: version, timestampExpires: expires };
  } catch (error) {
    const keysRotated = client.root().signed.version > start.rootVersion && (await keepRoot(deps, client, start.files));
    // Trusted time was reset with the stolen timestamp key: what looked expired may not be.
    if (keysRotated && again) return await refreshFrom(deps, source, signal, false);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Raises the floors of lists and of time, in one write; counters are raised by what runs well, not by what is offered. */
async function raiseFloors(deps: RefreshDeps, lists: SignedLists): Promise<void> {
  const floors = deps.floorStore.floors();
  const floorMs = timestampKeysRotated(deps, lists.root) ? deps.builtAtMs : floors.timeMs;
  const timeMs = Math.max(floorMs, issuedAtMs(lists.timestamp, lists.targets) ?? 0);
  await deps.floorStore.save({ ...raiseLists(floors, factsOf(lists, deps.roles)), timeMs });
}

/** Keeps a newer root though the lists under it failed. @returns whether it rotated the key that vouches for time */
async function keepRoot(deps: RefreshDeps, client: TufClient, files: ListFiles): Promise<boolean> {
  const root = client.root();
  const facts = { version: root.signed.version, sha256: rootDigest(root) };
  try {
    lintRoot(root);
    requireRootFloor(deps.floorStore.floors(), facts);
  } catch {
    return false; // The failure that brought us here says it already.
  }
  const rotated = timestampKeysRotated(deps, root);
  const bytes = await readFolder(deps.generations.workFolder, ['root']);
  await deps.generations.commit(new Map([...files, ...bytes]));
  const floors = raiseRoot(deps.floorStore.floors(), facts);
  const { timestamp: _, ...lists } = floors.lists;
  await deps.floorStore.save(rotated ? { ...floors, lists, timeMs: deps.builtAtMs } : floors);
  return rotated;
}

function timestampKeysRotated(deps: RefreshDeps, root: SignedLists['root']): boolean {
  const floor = deps.floorStore.floors().lists['timestamp'];
  return floor !== undefined && !sameKeys(floor.keys, root.signed.roles['timestamp']?.keyIDs ?? []);
}

function loadedRoles(lists: SignedLists, roles: OwnRoles): string[] {
  return [...(lists.channel ? [roles.channel] : []), ...(lists.holds ? [roles.holds] : [])];
}

/** A folder for tuf-js alone, which writes in place: nothing in it is believed after a restart. */
async function fillFolder(folder: string, files: ListFiles): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [role, bytes] of files) await writeFile(join(folder, `${role}.json`), bytes);
}

async function readFolder(folder: string, roles: readonly string[]): Promise<ListFiles> {
  return new Map(
    await Promise.all(roles.map(async role => [role, await readFile(join(folder, `${role}.json`))] as const)),
  );
}

/** A refusal as not authentic tells more than an expiry, and that more than a line that was down. */
function mostTelling(failures: readonly AgentError[]): AgentError {
  const telling =
    failures.find(f => CODES[f.code].weight === 'authenticity') ??
    failures.find(f => f.code === 'metadata-expired') ??
    failures[0];
  if (!telling) return new AgentError('network', 'no source of signed lists is configured');
  const sources = failures.filter(f => f.code === telling.code).length;
  const { code, message, retryAfterSeconds } = telling;
  return new AgentError(code, message, { retryAfterSeconds, sources, cause: telling });
}
