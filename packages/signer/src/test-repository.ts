/** A real repository in a temporary folder for tests: people a, b and c, a build pipeline, two online keys, a set clock. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPublicKey } from './keys/key-document.ts';
import { generateKeyFile } from './keys/key-file.ts';
import { openKeyFile } from './keys/key-uri.ts';
import type { PublicKey, Signer } from './keys/signer.ts';
import { createRepository, type Repository } from './repository.ts';
import type { KeyKind } from './store/config.ts';
import type { KeyType } from './tuf/key.ts';
import type { ReleaseRequest } from './edit/release.ts';

export const PASSPHRASE = 'correct horse battery';
const CHEAP = { N: 1024 };
export const START = new Date('2026-03-01T12:00:00Z');

export interface TestKey extends PublicKey {
  readonly path: string;
  readonly signer: Signer;
}

/** Of both types, so that every list and every rule is tried with either. */
const MADE: Record<string, [KeyKind, KeyType]> = {
  a: ['person', 'ed25519'],
  b: ['person', 'ecdsa-p256'],
  c: ['person', 'ed25519'],
  ci: ['ci', 'ecdsa-p256'],
  snap: ['online', 'ed25519'],
  time: ['online', 'ecdsa-p256'],
};

export interface TestRepository {
  readonly dir: string;
  readonly repo: Repository;
  readonly keys: Readonly<Record<'a' | 'b' | 'c' | 'ci' | 'snap' | 'time', TestKey>>;
  /** Moves the clock. */
  readonly later: (days: number) => void;
  /** An image on disk with these bytes. */
  readonly image: (name: string, bytes: string) => Promise<string>;
}

export async function testKey(dir: string, name: string, kind: KeyKind, type?: KeyType): Promise<TestKey> {
  const path = join(dir, `${name}.json`);
  await generateKeyFile(path, { passphrase: PASSPHRASE, kind, type, scrypt: CHEAP });
  return { ...(await readPublicKey(path)), path, signer: await openKeyFile(path, PASSPHRASE) };
}

/** Created, nothing signed. @param start what the repository's clock says at first */
export async function emptyRepository(start = START): Promise<TestRepository> {
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-signer-'));
  const entries = Object.entries(MADE).map(async ([name, how]) => [name, await testKey(dir, name, ...how)] as const);
  const keys = Object.fromEntries(await Promise.all(entries)) as TestRepository['keys'];
  let time = start;
  const { a, b, c, snap, time: clockKey } = keys;
  const repo = await createRepository(
    join(dir, 'repository'),
    { rootKeys: [a, b, c], rootThreshold: 2, snapshotKey: snap, timestampKey: clockKey },
    { now: () => time },
  );
  return {
    dir: repo.dir,
    repo,
    keys,
    later: days => {
      time = new Date(time.getTime() + days * 86_400_000);
    },
    image: async (name, bytes) => {
      const path = join(dir, name);
      await writeFile(path, bytes);
      return path;
    },
  };
}

/** Root and targets signed; gw2's stable, beta and holds delegated and signed empty; online keys have signed. */
export async function signedRepository(start = START): Promise<TestRepository> {
  const made = await emptyRepository(start);
  const { repo, keys } = made;
  const { a, b, ci, snap, time } = keys;
  await repo.addDelegation({ product: 'gw2', channel: 'stable', keys: [ci, a] });
  await repo.addDelegation({ product: 'gw2', channel: 'beta', keys: [ci] });
  await repo.addDelegation({ product: 'gw2', keys: [a, b] });
  for (const key of [a, b]) {
    await repo.sign('root', key.signer);
    await repo.sign('targets', key.signer);
  }
  for (const key of [ci, a]) await repo.sign('p-gw2-stable', key.signer);
  await repo.sign('p-gw2-beta', ci.signer);
  await repo.sign('h-gw2', b.signer);
  await repo.refreshOnline({ snapshot: snap.signer, timestamp: time.signer });
  return made;
}

/** A plain release of gw2's rootfs, with what a test says otherwise. */
export function release(file: string, said: Partial<ReleaseRequest> = {}): ReleaseRequest {
  return {
    file,
    product: 'gw2',
    channel: 'stable',
    component: 'rootfs',
    version: '1.0.0',
    hardware: ['gw2-b'],
    class: 'maintenance',
    format: 'file',
    ...said,
  };
}
