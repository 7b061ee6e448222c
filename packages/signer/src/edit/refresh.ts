/**
 * Snapshot and timestamp: what the online keys say, that these lists belong together and are the newest. What does not
 * hold as a device would judge it stops its own product's devices, and is told; it never stops another's.
 */
import { hash } from 'node:crypto';
import { LIMITS } from '@tidegate/protocol';
import { daysAfter, instant } from '../clock.ts';
import type { Signer } from '../keys/signer.ts';
import { SignerError } from '../signer-error.ts';
import { PUBLISHED_BYTES } from '../store/published.ts';
import { checkRoom } from '../store/room.ts';
import { complete, current, removeList, type Store, type Stored } from '../store/store.ts';
import { type Authority, countSignatures, rootAuthority } from '../tuf/authority.ts';
import {
  type MetaEntry,
  type RootSigned,
  type Signed,
  type SnapshotSigned,
  SPEC_VERSION,
  type TimestampSigned,
} from '../tuf/metadata.ts';
import { parseRoot, parseSnapshot, parseTimestamp } from '../tuf/parse.ts';
import {
  type HeldBack,
  type NamedLists,
  namedLists,
  outVersions,
  requireHolding,
  requireList,
  type StoppedRole,
} from './named-lists.ts';
import { expiry, type Editing, versionFloor } from './next-list.ts';
import { makeSignature } from './signature.ts';

export interface OnlineSigners {
  /**
   * Goes on above this version of the snapshot: after a theft of the online keys, the names of the thief's snapshots are
   * taken on the server for ever.
   */
  readonly aboveSnapshot?: number | undefined;
  /** Goes on above this version of the timestamp, where another publisher of the same keys came so far. */
  readonly aboveTimestamp?: number | undefined;
  /** Needed where the lists changed, or half of the snapshot's time has passed. */
  readonly snapshot?: Signer | undefined;
  readonly timestamp: Signer;
}

export interface RefreshResult {
  readonly snapshotVersion: number;
  readonly timestampVersion: number;
  /** False where the snapshot before was still right. */
  readonly snapshotSigned: boolean;
  readonly expires: string;
  readonly stopped: readonly StoppedRole[];
  readonly heldBack: HeldBack | undefined;
}

/** What the next snapshot would say. */
export interface Outlook extends Pick<NamedLists, 'stopped' | 'passedOver' | 'heldBack'> {
  /** Whether it would name other lists than the last one. */
  readonly listsMoved: boolean;
}

/**
 * @throws SignerError `disk-full`, `role-unsigned`, `threshold-not-met`, `expired`, `key-access`, `key-not-in-role`,
 *   `signature-invalid`
 */
export async function refresh(editing: Editing, signers: OnlineSigners): Promise<RefreshResult> {
  const { store } = editing;
  const now = editing.now();
  // A publication that comes next notes what is out; without room for that too it would stop in between.
  await checkRoom(store.dir, LIMITS.snapshotBytes + LIMITS.timestampBytes + PUBLISHED_BYTES);
  const { root, lists } = await listsToName(store, now);
  const meta = metaOf(lists);

  const before = await current(store, 'snapshot', parseSnapshot);
  const floor = versionFloor('snapshot', before?.signed.version ?? 0, signers.aboveSnapshot);
  const authority = rootAuthority(root.signed, 'snapshot');
  const until = daysAfter(now, editing.expiryDays.snapshot / 2);
  const highEnough = before !== undefined && before.signed.version > (signers.aboveSnapshot ?? 0);
  const stillRight = highEnough && isStillRight(before, meta, authority, until);
  const snapshot = stillRight ? before : await signSnapshot(editing, signers.snapshot, authority, meta, before, floor);
  const timestamp = await signTimestamp(editing, signers, rootAuthority(root.signed, 'timestamp'), snapshot).catch(
    async (error: unknown) => {
      if (!stillRight) await takeBack(store, snapshot.signed.version);
      throw error;
    },
  );
  return {
    snapshotVersion: snapshot.signed.version,
    timestampVersion: timestamp.version,
    snapshotSigned: !stillRight,
    expires: timestamp.expires,
    stopped: lists.stopped,
    heldBack: lists.heldBack,
  };
}

/** What `refresh` would find now; signs nothing. @throws SignerError as `refresh`, but for the keys */
export async function outlook({ store, now }: Editing): Promise<Outlook> {
  const { lists } = await listsToName(store, now());
  const before = await current(store, 'snapshot', parseSnapshot);
  return {
    listsMoved: !before || !sameMeta(before.signed.meta, metaOf(lists)),
    stopped: lists.stopped,
    passedOver: lists.passedOver,
    heldBack: lists.heldBack,
  };
}

/** Snapshot and timestamp come together, or neither: unless a timestamp names it, nothing does. */
async function takeBack(store: Store, snapshotVersion: number): Promise<void> {
  const timestamp = await current(store, 'timestamp', parseTimestamp);
  if (timestamp?.signed.meta['snapshot.json'].version === snapshotVersion) return;
  await removeList(store, 'snapshot', snapshotVersion);
}

async function listsToName(store: Store, now: Date): Promise<{ root: Stored<RootSigned>; lists: NamedLists }> {
  const root = requireList('root', await current(store, 'root', parseRoot));
  requireHolding('root', root, rootAuthority(root.signed, 'root'), now);
  return { root, lists: await namedLists(store, root.signed, now) };
}

/** What the snapshot is to say: every list that a device can be led to, by version, length and hash. */
function metaOf({ targets, delegated }: NamedLists): SnapshotSigned['meta'] {
  const lists = [{ role: 'targets', list: targets }, ...delegated];
  return Object.fromEntries(lists.map(({ role, list }) => [`${role}.json`, entryOf(list)]));
}

function isStillRight(
  before: Stored<SnapshotSigned>,
  meta: SnapshotSigned['meta'],
  authority: Authority,
  until: Date,
): boolean {
  const same = sameMeta(before.signed.meta, meta);
  const fresh = new Date(before.signed.expires) > until;
  return same && fresh && countSignatures(before.envelope, [authority]).missing === 0;
}

function sameMeta(a: SnapshotSigned['meta'], b: SnapshotSigned['meta']): boolean {
  return (
    Object.keys(a).length === Object.keys(b).length &&
    Object.entries(b).every(([name, { version, hashes }]) => {
      const was = a[name];
      return was?.version === version && was.hashes?.sha256 === hashes?.sha256;
    })
  );
}

async function signSnapshot(
  editing: Editing,
  signer: Signer | undefined,
  authority: Authority,
  meta: SnapshotSigned['meta'],
  before: Stored<SnapshotSigned> | undefined,
  floor: number,
): Promise<Stored<SnapshotSigned>> {
  if (!signer)
    throw new SignerError('key-access', 'The lists changed: the snapshot key is needed too (--snapshot-key).');
  checkNothingLost(await outVersions(editing.store), meta);
  const signed: SnapshotSigned = {
    _type: 'snapshot',
    spec_version: SPEC_VERSION,
    version: floor + 1,
    expires: expiry(editing, 'snapshot'),
    meta,
  };
  const envelope = { signed, signatures: [await makeSignature('snapshot', signed, [authority], signer)] };
  await complete(editing.store, 'snapshot', envelope, [authority]);
  return requireList('snapshot', await current(editing.store, 'snapshot', parseSnapshot));
}

/** Devices refuse a snapshot in which a list went missing or back (TUF 5.5.5). */
function checkNothingLost(out: Readonly<Record<string, number>>, after: SnapshotSigned['meta']): void {
  const { root: _r, snapshot: _s, timestamp: _t, ...delegating } = out;
  for (const [role, version] of Object.entries(delegating)) {
    const now = after[`${role}.json`];
    if (!now || now.version < version) {
      throw new SignerError(
        'version-conflict',
        `${role} was listed with version ${version}; it must not go missing or back.`,
      );
    }
  }
}

async function signTimestamp(
  editing: Editing,
  { timestamp: signer, aboveTimestamp }: OnlineSigners,
  authority: Authority,
  snapshot: Stored<SnapshotSigned>,
): Promise<TimestampSigned> {
  const before = await current(editing.store, 'timestamp', parseTimestamp);
  const signed: TimestampSigned = {
    _type: 'timestamp',
    spec_version: SPEC_VERSION,
    version: versionFloor('timestamp', before?.signed.version ?? 0, aboveTimestamp) + 1,
    expires: expiry(editing, 'timestamp'),
    meta: { 'snapshot.json': entryOf(snapshot) },
    'x-issued': instant(editing.now()),
  };
  const envelope = { signed, signatures: [await makeSignature('timestamp', signed, [authority], signer)] };
  await complete(editing.store, 'timestamp', envelope, [authority]);
  return signed;
}

function entryOf({ bytes, signed }: Stored<Signed>): MetaEntry {
  return { version: signed.version, length: bytes.length, hashes: { sha256: hash('sha256', bytes, 'hex') } };
}
