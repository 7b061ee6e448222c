/**
 * A maker whose keys are stolen one by one: the product's own signer, a server of signed files, and one device. The thief
 * signs with what was stolen, by tools of their own; the maker recovers by the signer's revocations.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalize } from '@tufjs/canonical-json';
import { contentPath } from '@tidegate/protocol';
import {
  createRepository,
  generateKeyFile,
  type KeyKind,
  openKeyFile,
  type PublicKey,
  readPublicKey,
  type Repository,
  type Signer,
} from '@tidegate/signer';
import { DAY_MS, deviceUnderAttack, type DeviceUnderAttack } from './attacked-device.ts';
import { sha256 } from './repo-sim.ts';
import { startStaticServer } from './static-server.ts';
import { tempFolder } from './temp-folder.ts';
import { makeTestClock, type TestClock, VICTIM_EPOCH_MS } from './victim.ts';

export interface MadeKey extends PublicKey {
  readonly signer: Signer;
}

const KEYS = {
  ada: 'person',
  grace: 'person',
  radia: 'person',
  engineer: 'person',
  duty: 'person',
  ci: 'ci',
  snapshot: 'online',
  timestamp: 'online',
} as const satisfies Record<string, KeyKind>;

export interface SignedFile<S = Record<string, unknown>> {
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
  readonly signed: S & { readonly version: number; readonly expires: string };
}

export interface RobbedMaker extends AsyncDisposable {
  readonly repository: Repository;
  readonly clock: TestClock;
  readonly device: DeviceUnderAttack;
  readonly keys: Readonly<Record<keyof typeof KEYS, MadeKey>>;
  /** Those that sign what is online; a rotation changes them. */
  readonly online: { snapshot: Signer; timestamp: Signer };
  /** Those that sign the stable channel; a revocation changes them. */
  readonly channel: Signer[];
  newKey(name: string, kind: KeyKind): Promise<MadeKey>;
  /** Signs a draft by each, and completes what has enough. */
  signed(role: string, ...by: readonly MadeKey[]): Promise<void>;
  /** Lists and signs the next release. @returns its path */
  release(content: string): Promise<string>;
  /** The online keys sign, and everything is served. */
  publish(): Promise<void>;
  /** A file that is served now. */
  file<S>(name: string): SignedFile<S>;
  /** Serves these files over the maker's, until the next `publish`. */
  serveForged(files: Readonly<Record<string, Buffer>>): void;
  /** The device takes the next honest release. */
  recovers(): Promise<void>;
}

/** @param nowMs what everybody's clock says */
export async function robbedMaker(nowMs = VICTIM_EPOCH_MS): Promise<RobbedMaker> {
  const folder = await tempFolder('tidegate-robbed');
  const keysFolder = join(folder.path, 'keys');
  await mkdir(keysFolder);
  const clock = makeTestClock(nowMs);
  const newKey = (name: string, kind: KeyKind) => makeKey(keysFolder, name, kind);
  const made = await Promise.all(
    Object.entries(KEYS).map(async ([name, kind]) => [name, await newKey(name, kind)] as const),
  );
  const keys = Object.fromEntries(made) as RobbedMaker['keys'];
  const { ada, grace, radia, engineer, duty, ci } = keys;
  const repository = await createRepository(
    join(folder.path, 'repository'),
    { rootKeys: [ada, grace, radia], rootThreshold: 2, snapshotKey: keys.snapshot, timestampKey: keys.timestamp },
    { now: () => new Date(clock.nowMs) },
  );
  const signed: RobbedMaker['signed'] = async (role, ...by) => {
    for (const { signer } of by) await repository.addSignature(role, await repository.signDetached(role, signer));
    await repository.assemble([role]);
  };
  await signed('root', ada, grace);
  await repository.addDelegation({ product: 'gw2', channel: 'stable', keys: [ci, engineer] });
  await repository.addDelegation({ product: 'gw2', keys: [duty] });
  await signed('targets', grace, radia);
  await signed('p-gw2-stable', ci, engineer);
  await signed('h-gw2', duty);

  const online = { snapshot: keys.snapshot.signer, timestamp: keys.timestamp.signer };
  const channel = [ci.signer, engineer.signer];
  await repository.refreshOnline(online);
  const state = { served: await servedFrom(repository.dir) };
  const server = await startStaticServer(state.served);
  const device = await deviceUnderAttack({
    root: state.served.metadata.get('1.root.json') ?? Buffer.of(),
    product: 'gw2',
    channel: 'stable',
    sources: [server.url],
    clock,
    builtAtMs: nowMs - DAY_MS,
  });
  await device.trust.refresh();
  let counter = 1;

  const maker: RobbedMaker = {
    repository,
    clock,
    device,
    keys,
    online,
    channel,
    newKey,
    signed,

    async release(content) {
      counter += 1;
      const file = join(folder.path, `app-${counter}.bin`);
      await writeFile(file, content);
      const { path, role } = await repository.addRelease({
        file,
        product: 'gw2',
        channel: 'stable',
        component: 'app',
        version: `1.${counter}.0`,
        counter,
        hardware: ['gw2-a'],
        class: 'feature',
        format: 'file',
      });
      for (const signer of channel) await repository.sign(role, signer);
      return path;
    },

    async publish() {
      await repository.refreshOnline(online);
      state.served = await servedFrom(repository.dir);
      server.serve(state.served);
    },

    file<S>(name: string) {
      return JSON.parse((state.served.metadata.get(name) ?? '').toString()) as SignedFile<S>;
    },

    serveForged(files) {
      server.serve({ ...state.served, metadata: new Map([...state.served.metadata, ...Object.entries(files)]) });
    },

    async recovers() {
      const content = `an honest release after counter ${counter}`;
      const path = await maker.release(content);
      await maker.publish();
      const taken = (await device.update(path)).toString();
      if (taken !== content) throw new Error('what was taken is not what was released');
    },

    async [Symbol.asyncDispose]() {
      await device[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
  return maker;
}

/** A thief's list, under the signatures of the keys that they have. */
export async function stolenSignatures(signed: object, keys: readonly MadeKey[]): Promise<Buffer> {
  const payload = Buffer.from(canonicalize(signed));
  const signatures = await Promise.all(
    keys.map(async ({ keyid, signer }) => ({ keyid, sig: Buffer.from(await signer.sign(payload)).toString('hex') })),
  );
  return Buffer.from(JSON.stringify({ signatures, signed }));
}

/** What another list says of a file. */
export function metaOf(bytes: Buffer, version: number): object {
  return { version, length: bytes.length, hashes: { sha256: sha256(bytes) } };
}

async function makeKey(folder: string, name: string, kind: KeyKind): Promise<MadeKey> {
  const path = join(folder, `${name}.json`);
  const passphrase = 'a passphrase of a test';
  await generateKeyFile(path, { passphrase, kind, scrypt: { N: 1024 } });
  return { ...(await readPublicKey(path)), signer: await openKeyFile(path, passphrase) };
}

async function servedFrom(dir: string) {
  const names = await readdir(join(dir, 'metadata'));
  const metadata = new Map<string, Buffer>();
  const artifacts = new Map<string, Buffer>();
  for (const name of names) {
    const bytes = await readFile(join(dir, 'metadata', name));
    metadata.set(name, bytes);
    const { targets = {} } = (JSON.parse(bytes.toString()) as SignedFile<{ targets?: Record<string, Listed> }>).signed;
    for (const [path, { hashes }] of Object.entries(targets)) {
      artifacts.set(contentPath(path, hashes.sha256), await readFile(join(dir, 'artifacts', hashes.sha256)));
    }
  }
  return { metadata, artifacts };
}

interface Listed {
  readonly hashes: { readonly sha256: string };
}
