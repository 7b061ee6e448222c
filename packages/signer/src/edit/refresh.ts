/**
 * Snapshot and timestamp: what the online keys say, that these lists belong together and are the newest. Before that,
 * every list is checked as a device would: complete, signed by threshold, not run out.
 */
import { hash } from 'node:crypto';
import { daysAfter, instant } from '../clock.ts';
import type { Signer } from '../keys/signer.ts';
import { SignerError } from '../signer-error.ts';
import { complete, current, type Store, type Stored } from '../store/store.ts';
import { type Authority, countSignatures, delegatedAuthority, rootAuthority } from '../tuf/authority.ts';
import {
  type MetaEntry,
  type RootSigned,
  type Signed,
  type SnapshotSigned,
  SPEC_VERSION,
  type TimestampSigned,
} from '../tuf/metadata.ts';
import { type Parse, parseRoot, parseSnapshot, parseTargets, parseTimestamp } from '../tuf/parse.ts';
import { expiry, type Editing, versionFloor } from './next-list.ts';
import { makeSignature } from './signature.ts';

export interface OnlineSigners {
  /**
   * Goes on above this version of the snapshot: after a theft of the online keys, the names of the thief's snapshots are
   * taken on the server for ever.
   */
  readonly aboveSnapshot?: number | undefined;
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
}

/** @throws SignerError `role-unsigned`, `threshold-not-met`, `expired`, `key-access`, `key-not-in-role`, `signature-invalid` */
export async function refresh(editing: Editing, signers: OnlineSigners): Promise<RefreshResult> {
  const { store } = editing;
  const now = editing.now();
  const root = await completeList(store, 'root', parseRoot);
  checkSigned(root, rootAuthority(root.signed, 'root'), 'root', now);
  const meta = await listedMeta(store, root.signed, now);

  const before = await current(store, 'snapshot', parseSnapshot);
  const floor = versionFloor('snapshot', before?.signed.version ?? 0, signers.aboveSnapshot);
  const authority = rootAuthority(root.signed, 'snapshot');
  const until = daysAfter(now, editing.expiryDays.snapshot / 2);
  const highEnough = before !== undefined && before.signed.version > (signers.aboveSnapshot ?? 0);
  const stillRight = highEnough && isStillRight(before, meta, authority, until);
  const snapshot = stillRight ? before : await signSnapshot(editing, signers.snapshot, authority, meta, before, floor);
  const timestamp = await signTimestamp(editing, signers.timestamp, rootAuthority(root.signed, 'timestamp'), snapshot);
  return {
    snapshotVersion: snapshot.signed.version,
    timestampVersion: timestamp.version,
    snapshotSigned: !stillRight,
    expires: timestamp.expires,
  };
}

/** What the snapshot is to say: every list that a device can be led to, by version, length and hash. */
async function listedMeta(store: Store, root: RootSigned, now: Date): Promise<SnapshotSigned['meta']> {
  const targets = await completeList(store, 'targets', parseTargets);
  checkSigned(targets, rootAuthority(root, 'targets'), 'targets', now);
  const meta: Record<string, MetaEntry> = { 'targets.json': entryOf(targets) };
  for (const { name } of targets.signed.delegations?.roles ?? []) {
    const list = await completeList(store, name, parseTargets);
    checkSigned(list, delegatedAuthority(targets.signed, name), name, now);
    meta[`${name}.json`] = entryOf(list);
  }
  return meta;
}

async function completeList<S extends Signed>(store: Store, role: string, parse: Parse<S>): Promise<Stored<S>> {
  const list = await current(store, role, parse);
  if (list) return list;
  throw new SignerError(
    'role-unsigned',
    `${role} has no complete list yet. Sign it first: tidegate-signer sign ${role} --key …`,
  );
}

function checkSigned(list: Stored<Signed>, authority: Authority | undefined, role: string, now: Date): void {
  const missing = authority ? countSignatures(list.envelope, [authority]).missing : 1;
  if (missing > 0) {
    throw new SignerError(
      'threshold-not-met',
      `${list.file} lacks ${missing} signature(s) of those who may sign it now. Draft and sign ${role} anew.`,
    );
  }
  if (!(new Date(list.signed.expires) > now)) {
    throw new SignerError('expired', `${list.file} expired at ${list.signed.expires}. Draft and sign ${role} anew.`);
  }
}

function isStillRight(
  before: Stored<SnapshotSigned>,
  meta: SnapshotSigned['meta'],
  authority: Authority,
  until: Date,
): boolean {
  const same =
    Object.keys(before.signed.meta).length === Object.keys(meta).length &&
    Object.entries(meta).every(([name, entry]) => {
      const was = before.signed.meta[name];
      return was?.version === entry.version && was.hashes?.sha256 === entry.hashes?.sha256;
    });
  const fresh = new Date(before.signed.expires) > until;
  return same && fresh && countSignatures(before.envelope, [authority]).missing === 0;
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
  checkNothingLost(before?.signed.meta ?? {}, meta);
  const signed: SnapshotSigned = {
    _type: 'snapshot',
    spec_version: SPEC_VERSION,
    version: floor + 1,
    expires: expiry(editing, 'snapshot'),
    meta,
  };
  const envelope = { signed, signatures: [await makeSignature('snapshot', signed, [authority], signer)] };
  await complete(editing.store, 'snapshot', envelope, [authority]);
  return completeList(editing.store, 'snapshot', parseSnapshot);
}

/** Devices refuse a snapshot in which a list went missing or back (TUF 5.5.5). */
function checkNothingLost(before: SnapshotSigned['meta'], after: SnapshotSigned['meta']): void {
  for (const [name, { version }] of Object.entries(before)) {
    const now = after[name];
    if (!now || now.version < version) {
      throw new SignerError(
        'version-conflict',
        `${name} was listed with version ${version}; it must not go missing or back.`,
      );
    }
  }
}

async function signTimestamp(
  editing: Editing,
  signer: Signer,
  authority: Authority,
  snapshot: Stored<SnapshotSigned>,
): Promise<TimestampSigned> {
  const before = await current(editing.store, 'timestamp', parseTimestamp);
  const signed: TimestampSigned = {
    _type: 'timestamp',
    spec_version: SPEC_VERSION,
    version: (before?.signed.version ?? 0) + 1,
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
