/**
 * The repository folder: where each file lies, and the few ways in which it changes. Complete lists in `metadata/` are
 * only ever added, never replaced (but timestamp.json); drafts in `staged/` come and go.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SignerError } from '../signer-error.ts';
import { countSignatures, type Authority } from '../tuf/authority.ts';
import { type Envelope, fileBytes, type Signed } from '../tuf/metadata.ts';
import { type Parse, parseRoot, parseTargets } from '../tuf/parse.ts';
import { kindOf, maxBytesOf, metadataFile } from '../tuf/role.ts';
import { createDurably, readBounded, sweepAside, syncFolder, writeDurably } from './durable-file.ts';
import { inRoom } from './room.ts';

export interface Store {
  readonly dir: string;
  readonly metadata: string;
  readonly staged: string;
  readonly artifacts: string;
}

/** A signed list with the bytes that it was read from. */
export interface Stored<S extends Signed> {
  readonly file: string;
  readonly bytes: Buffer;
  readonly envelope: Envelope<S>;
  readonly signed: S;
}

export function storeAt(dir: string): Store {
  return { dir, metadata: join(dir, 'metadata'), staged: join(dir, 'staged'), artifacts: join(dir, 'artifacts') };
}

export async function makeFolders(store: Store): Promise<void> {
  for (const path of [store.metadata, store.staged, store.artifacts]) {
    await inRoom(store.dir, 0, () => mkdir(path, { recursive: true }));
  }
  await syncFolder(store.dir);
}

export async function sweepStore({ metadata, staged, artifacts }: Store): Promise<void> {
  for (const folder of [metadata, staged, artifacts]) await sweepAside(folder);
}

/** Version numbers of a role's complete lists, rising. */
export async function versionsOf(store: Store, role: string): Promise<number[]> {
  const suffix = `.${role}.json`;
  return (await readdir(store.metadata))
    .filter(name => name.endsWith(suffix) && /^[1-9][0-9]{0,9}$/.test(name.slice(0, -suffix.length)))
    .map(name => Number(name.slice(0, -suffix.length)))
    .toSorted((a, b) => a - b);
}

/** Roles that have a complete list, by the names of the files. */
export async function rolesOf({ metadata }: Store): Promise<string[]> {
  const names = (await readdir(metadata)).filter(name =>
    /^(timestamp|[1-9][0-9]{0,9}\.[a-z][a-z0-9-]{0,79})\.json$/.test(name),
  );
  return [...new Set(names.map(name => name.split('.').at(-2) ?? ''))];
}

/** The newest complete list of a role; undefined before the first. @throws SignerError `metadata-invalid` */
export async function current<S extends Signed>(
  store: Store,
  role: string,
  parse: Parse<S>,
): Promise<Stored<S> | undefined> {
  if (role === 'timestamp') return readList(store, role, 'timestamp.json', parse);
  const newest = (await versionsOf(store, role)).at(-1);
  return newest === undefined ? undefined : readList(store, role, metadataFile(role, newest), parse);
}

/** One complete list by its file's name. */
export async function readList<S extends Signed>(
  store: Store,
  role: string,
  file: string,
  parse: Parse<S>,
): Promise<Stored<S> | undefined> {
  const bytes = await readBounded(join(store.metadata, file), maxBytesOf(kindOf(role)));
  if (!bytes) return undefined;
  const envelope = parse(bytes, file);
  if (role !== 'timestamp' && file !== metadataFile(role, envelope.signed.version)) {
    throw new SignerError('metadata-invalid', `${file} says that it is version ${envelope.signed.version}.`);
  }
  return { file, bytes, envelope, signed: envelope.signed };
}

/** The draft of a role's next list. One that is already complete (a kill came before its removal) counts as none. */
export async function draft<S extends Signed>(
  store: Store,
  role: string,
  parse: Parse<S>,
): Promise<Envelope<S> | undefined> {
  const bytes = await readBounded(draftPath(store, role), maxBytesOf(kindOf(role)));
  if (!bytes) return undefined;
  const envelope = parse(bytes, `staged/${role}.json`);
  const newest = (await versionsOf(store, role)).at(-1) ?? 0;
  if (envelope.signed.version <= newest) {
    const done = await readList(store, role, metadataFile(role, envelope.signed.version), parse);
    if (done && JSON.stringify(done.signed) === JSON.stringify(envelope.signed)) return undefined;
    throw new SignerError(
      'draft-stale',
      `staged/${role}.json is a draft of version ${envelope.signed.version}, but metadata/ has ${newest}. ` +
        `Drop the draft ("tidegate-signer draft ${role} --drop"), then make the change again on top of the newer list.`,
    );
  }
  return envelope;
}

export async function writeDraft(store: Store, role: string, envelope: Envelope): Promise<void> {
  const bytes = fileBytes(envelope);
  checkSize(role, bytes);
  await writeDurably(draftPath(store, role), bytes);
}

/** Roles of which there is a draft file, stale or not. */
export async function draftedRoles(store: Store): Promise<string[]> {
  return (await readdir(store.staged))
    .filter(name => name.endsWith('.json'))
    .map(name => name.slice(0, -'.json'.length));
}

/** Throws a draft away. @returns false where there was none */
export async function removeDraft(store: Store, role: string): Promise<boolean> {
  if (!(await draftedRoles(store)).includes(role)) return false;
  await rm(draftPath(store, role));
  await syncFolder(store.staged);
  return true;
}

/**
 * Moves a draft that met its thresholds among the complete lists: compare and swap on the version's file name.
 * @throws SignerError `threshold-not-met`, `version-conflict`
 */
export async function complete(
  store: Store,
  role: string,
  envelope: Envelope,
  by: readonly Authority[],
): Promise<void> {
  if (countSignatures(envelope, by).missing > 0) {
    throw new SignerError('threshold-not-met', `${role} still lacks signatures.`);
  }
  const file = metadataFile(role, envelope.signed.version);
  const bytes = fileBytes(envelope);
  checkSize(role, bytes);
  if (role === 'timestamp') {
    await writeDurably(join(store.metadata, file), bytes);
  } else if (!(await createDurably(join(store.metadata, file), bytes))) {
    throw new SignerError(
      'version-conflict',
      `metadata/${file} is there already. Read it, then sign the next version.`,
    );
  }
  await rm(draftPath(store, role), { force: true });
  await syncFolder(store.staged);
}

/** Takes a list back that nothing names yet. */
export async function removeList(store: Store, role: string, version: number): Promise<void> {
  await rm(join(store.metadata, metadataFile(role, version)), { force: true });
  await syncFolder(store.metadata);
}

/** The newest root, complete or still in draft: before the first ceremony ends, its draft says who may sign. */
export async function governingRoot(store: Store) {
  const root = (await current(store, 'root', parseRoot)) ?? (await draft(store, 'root', parseRoot));
  if (!root) throw new SignerError('repository-damaged', `${store.dir} has no root, neither complete nor in draft.`);
  return root.signed;
}

/** The list of delegations as it will be: the draft where there is one, else the complete list. */
export async function newestTargets(store: Store, role: string) {
  const drafted = await draft(store, role, parseTargets);
  return drafted?.signed ?? (await current(store, role, parseTargets))?.signed;
}

export function draftPath(store: Store, role: string): string {
  return join(store.staged, `${role}.json`);
}

function checkSize(role: string, bytes: Uint8Array): void {
  const most = maxBytesOf(kindOf(role));
  if (bytes.length > most) {
    throw new SignerError(
      'metadata-too-large',
      `The list of ${role} would have ${bytes.length} bytes; devices read at most ${most}.`,
    );
  }
}
