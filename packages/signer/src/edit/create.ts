/** A new repository: folders, drafts of the first root and of the list of delegations, config. Nothing is signed yet. */
import { mkdir } from 'node:fs/promises';
import type { Clock } from '../clock.ts';
import { parseKeyUri } from '../keys/key-uri.ts';
import { knownKey, type PublicKey } from '../keys/signer.ts';
import { checkCustody } from '../policy/custody-policy.ts';
import { checkKeys } from '../policy/delegation-policy.ts';
import { checkRoot } from '../policy/root-policy.ts';
import { SignerError } from '../signer-error.ts';
import { createConfig, DEFAULT_EXPIRY_DAYS, type ExpiryDays, hasConfig } from '../store/config.ts';
import { alone } from '../store/lock.ts';
import { makeFolders, storeAt, versionsOf, writeDraft } from '../store/store.ts';
import { type RootSigned, SPEC_VERSION } from '../tuf/metadata.ts';
import { expiry, nextTargets, unsigned } from './next-list.ts';

export interface NewRepository {
  /** People's keys; they sign root and, unless `targetsKeys` says otherwise, targets. */
  readonly rootKeys: readonly PublicKey[];
  /** 3 unless set; at least 2. */
  readonly rootThreshold?: number | undefined;
  readonly targetsKeys?: readonly PublicKey[] | undefined;
  /** 2 unless set; at least 2. */
  readonly targetsThreshold?: number | undefined;
  readonly snapshotKey: PublicKey;
  readonly timestampKey: PublicKey;
  readonly expiryDays?: Partial<ExpiryDays> | undefined;
}

/** @throws SignerError `repository-exists` (nothing is changed), `threshold-invalid`, `duplicate-key`, `key-kind` */
export async function create(dir: string, wanted: NewRepository, now: Clock): Promise<void> {
  const root = firstRoot(wanted);
  await mkdir(dir, { recursive: true });
  await alone(dir, async () => {
    const store = storeAt(dir);
    if (await hasConfig(dir)) {
      throw new SignerError('repository-exists', `${dir} is a signing repository already; nothing was changed.`);
    }
    await makeFolders(store);
    if ((await versionsOf(store, 'root')).length > 0) {
      throw new SignerError('repository-exists', `${dir} holds signed metadata already; nothing was changed.`);
    }
    const expiryDays = { ...DEFAULT_EXPIRY_DAYS, ...wanted.expiryDays };
    const keys = new Map(allKeys(wanted).map(key => [key.keyid, knownKey(key)]));
    const drafting = { store, now, expiryDays };
    await writeDraft(store, 'root', unsigned({ ...root, expires: expiry(drafting, 'root') }));
    await writeDraft(store, 'targets', unsigned(await nextTargets(drafting, 'targets')));
    // The config comes last: without it the folder is no repository, and a killed init can be run again.
    await createConfig(dir, { expiryDays, keys: [...keys.values()] });
  });
}

function allKeys({ rootKeys, targetsKeys = rootKeys, snapshotKey, timestampKey }: NewRepository): PublicKey[] {
  return [...rootKeys, ...targetsKeys, snapshotKey, timestampKey];
}

function firstRoot(wanted: NewRepository): Omit<RootSigned, 'expires'> {
  const { rootKeys, rootThreshold = 3, targetsKeys = rootKeys, targetsThreshold = 2 } = wanted;
  const { snapshotKey, timestampKey } = wanted;
  checkKeys(rootKeys, rootThreshold);
  checkKeys(targetsKeys, targetsThreshold);
  for (const { uri } of [...rootKeys, ...targetsKeys]) {
    checkCustody('root', uri === undefined ? 'file' : parseKeyUri(uri).scheme);
  }
  checkKeys([snapshotKey, timestampKey], 1);
  const signed: Omit<RootSigned, 'expires'> = {
    _type: 'root',
    spec_version: SPEC_VERSION,
    version: 1,
    consistent_snapshot: true,
    keys: Object.fromEntries(allKeys(wanted).map(k => [k.keyid, k.key])),
    roles: {
      root: { keyids: rootKeys.map(k => k.keyid), threshold: rootThreshold },
      targets: { keyids: targetsKeys.map(k => k.keyid), threshold: targetsThreshold },
      snapshot: { keyids: [snapshotKey.keyid], threshold: 1 },
      timestamp: { keyids: [timestampKey.keyid], threshold: 1 },
    },
  };
  checkRoot(signed, allKeys(wanted), undefined);
  return signed;
}
