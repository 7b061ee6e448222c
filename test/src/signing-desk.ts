/**
 * A manufacturer's signing desk: people's keys, CI's, the online ones, and the repository that they sign.
 * Every key is a real encrypted key file with a random passphrase of its own; CI's and the timestamp's are P-256, as in
 * a key service.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactFormat, CommitAnswer, Firmware, ReleaseClass } from '@tidegate/protocol';
import {
  createRepository,
  generateKeyFile,
  type KeyKind,
  type KeyType,
  openKeyFile,
  type PublicKey,
  type Repository,
  readPublicKey,
  type ReleaseResult,
  type Signer,
} from '@tidegate/signer';

export interface FileToSign {
  readonly file: string;
  readonly version: string;
  readonly counter?: number;
  readonly product?: string;
  /** `app`, the sample service, unless set. */
  readonly component?: string;
  /** `tar` unless set. */
  readonly format?: ArtifactFormat;
  readonly hardware?: readonly string[];
  readonly class?: ReleaseClass;
  readonly schedule?: NonNullable<Firmware['schedule']>;
  readonly selfOfferAfterDays?: number;
}

export interface SigningDesk {
  readonly repository: Repository;
  /** The first root: what devices and the server are given at birth. */
  readonly rootFile: string;
  /** Lists a file as a release and signs its channel, by CI and by a person. */
  release(file: FileToSign): Promise<ReleaseResult>;
  /** Signs that a version must not be installed. */
  hold(version: string, component?: string): Promise<void>;
  /** Signs a channel's draft, by CI and by a person. */
  signChannel(role: string): Promise<void>;
  /** Makes snapshot and timestamp, and brings the set to the server. */
  publish(to: { adminUrl: string; token: string; readBackUrl?: string }): Promise<CommitAnswer>;
  /** Makes snapshot and timestamp without publishing them. */
  refresh(): Promise<void>;
  /** Two new roots: a person goes and another comes, then the timestamp gets another key. */
  rotateKeys(): Promise<void>;
}

export interface DeskOptions {
  readonly folder: string;
  readonly products: readonly string[];
  readonly now?: () => Date;
  /** scrypt's N: tests make many keys and throw them away. */
  readonly scryptN?: number;
  /** Writes each key's passphrase beside it (mode 0600), for a person who goes on by hand. */
  readonly keepPassphrases?: boolean;
}

interface HeldKey {
  readonly publicKey: PublicKey;
  readonly signer: Signer;
}

const PEOPLE = ['ada', 'grace', 'radia'] as const;

/** Root and targets 2 of 3 people; each product's stable channel 2 of 2, one of them CI's; holds, snapshot, timestamp. */
export async function openSigningDesk(options: DeskOptions): Promise<SigningDesk> {
  const { folder, products, now } = options;
  const keysFolder = join(folder, 'keys');
  await mkdir(keysFolder, { recursive: true, mode: 0o700 });
  const hold = (name: string, kind: KeyKind, type?: KeyType) => makeKey(keysFolder, name, kind, options, type);
  const [ada, grace, radia, release, ci, duty, snapshot, timestamp] = await Promise.all([
    ...PEOPLE.map(name => hold(name, 'person')),
    hold('release-engineer', 'person'),
    hold('ci', 'ci', 'ecdsa-p256'),
    hold('duty', 'person'),
    hold('snapshot', 'online'),
    hold('timestamp', 'online', 'ecdsa-p256'),
  ] as [
    Promise<HeldKey>,
    Promise<HeldKey>,
    Promise<HeldKey>,
    Promise<HeldKey>,
    Promise<HeldKey>,
    Promise<HeldKey>,
    Promise<HeldKey>,
    Promise<HeldKey>,
  ]);

  const repository = await createRepository(
    join(folder, 'repository'),
    {
      rootKeys: [ada.publicKey, grace.publicKey, radia.publicKey],
      rootThreshold: 2,
      snapshotKey: snapshot.publicKey,
      timestampKey: timestamp.publicKey,
    },
    { now },
  );
  const bySome = async (role: string, signers: readonly HeldKey[]) => {
    for (const { signer } of signers) await repository.sign(role, signer);
  };
  await bySome('root', [ada, grace]);
  for (const product of products) {
    await repository.addDelegation({ product, channel: 'stable', keys: [ci.publicKey, release.publicKey] });
    await repository.addDelegation({ product, keys: [duty.publicKey] });
  }
  await bySome('targets', [grace, radia]);
  for (const product of products) {
    await bySome(`p-${product}-stable`, [ci, release]);
    await bySome(`h-${product}`, [duty]);
  }
  const online = { snapshot: snapshot.signer, timestamp: timestamp.signer };
  const refresh = async () => {
    await repository.refreshOnline(online);
  };
  await refresh();

  return {
    repository,
    rootFile: join(repository.dir, 'metadata', '1.root.json'),
    refresh,
    hold: async (version, component = 'app') => {
      const product = products[0] ?? '';
      const reason = { en: 'It does harm.' };
      const { role } = await repository.addHold({ product, component, version, reason });
      await bySome(role, [duty]);
    },
    signChannel: role => bySome(role, [ci, release]),
    release: async ({
      file,
      version,
      counter,
      product = products[0] ?? '',
      component = 'app',
      format = 'tar',
      hardware,
      class: releaseClass = 'feature',
      ...selfOffer
    }) => {
      const added = await repository.addRelease({
        file,
        product,
        channel: 'stable',
        component,
        version,
        ...(counter === undefined ? {} : { counter }),
        hardware: [...(hardware ?? [`${product}-a`])],
        class: releaseClass,
        ...selfOffer,
        ...(releaseClass === 'security'
          ? { fixes: [{ id: 'SAMPLE-1', risk: { en: 'Strangers could switch the lights.' } }] }
          : {}),
        format,
        // A single file is switched under nobody's feet; the service is started anew.
        ...(format === 'file' ? { disruption: 'none' } : { disruption: 'partial', disruptionSeconds: 2 }),
      });
      await bySome(added.role, [ci, release]);
      return added;
    },
    publish: async ({ adminUrl, token, readBackUrl }) => {
      await refresh();
      return repository.publish({ url: adminUrl, token, ...(readBackUrl === undefined ? {} : { readBackUrl }) });
    },
    rotateKeys: async () => {
      const [joan, nextTimestamp] = await Promise.all([hold('joan', 'person'), hold('timestamp-2', 'online')]);
      await repository.addRootKey({ key: joan.publicKey });
      await repository.removeRootKey({ keyid: ada.publicKey.keyid });
      await bySome('root', [grace, radia]);
      await repository.rotateOnline({ timestampKey: nextTimestamp.publicKey }, { write: true });
      await bySome('root', [grace, joan]);
      online.timestamp = nextTimestamp.signer;
    },
  };
}

async function makeKey(
  folder: string,
  name: string,
  kind: KeyKind,
  options: DeskOptions,
  type?: KeyType,
): Promise<HeldKey> {
  const { scryptN, keepPassphrases } = options;
  const path = join(folder, `${name}.json`);
  const passphrase = randomBytes(24).toString('base64url');
  await generateKeyFile(path, { passphrase, kind, type, ...(scryptN === undefined ? {} : { scrypt: { N: scryptN } }) });
  if (keepPassphrases) await writeFile(join(folder, `${name}.passphrase`), passphrase, { mode: 0o600 });
  return { publicKey: await readPublicKey(path), signer: await openKeyFile(path, passphrase) };
}

/** A metadata file of the repository as it stands on the disk. */
export function metadataOf(desk: SigningDesk, file: string): Promise<Buffer> {
  return readFile(join(desk.repository.dir, 'metadata', file));
}
