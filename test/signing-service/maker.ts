/** A manufacturer with a signing service: keys, a repository that is signed and empty, a distribution server, and CI. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  METADATA_BASE,
  type Problem,
  SIGNING_API,
  type SubmissionRequest,
  type SubmissionView,
} from '@tidegate/protocol';
import {
  createRepository,
  generateKeyFile,
  type KeyKind,
  type KeyType,
  openKeyFile,
  type PublicKey,
  readPublicKey,
  Repository,
  type Signer,
} from '@tidegate/signer';
import { systemClock } from '@tidegate/server';
import { emptyDatabase } from '@tidegate/server/testing';
import { stringify } from 'yaml';
import { type Child, startChild } from '../src/child.ts';
import { type OwnServer, type OwnServerOptions, startOwnServer } from '../src/own-server.ts';
import { sha256 } from '../src/repo-sim.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { until } from '../src/until.ts';

export const SIGNER_CLI = fileURLToPath(import.meta.resolve('@tidegate/signer/cli'));
export const PASSPHRASE = 'a passphrase of a test';

export interface HeldKey {
  readonly publicKey: PublicKey;
  readonly signer: Signer;
  readonly file: string;
}

export type KeyName = 'ada' | 'grace' | 'ci' | 'snap' | 'time' | 'stranger';

export interface Maker extends AsyncDisposable {
  readonly dir: string;
  readonly keys: Readonly<Record<KeyName, HeldKey>>;
  readonly repositoryDir: string;
  readonly rootFile: string;
  readonly server: OwnServer;
  /** The server's database, where the service keeps its lock and its jobs too. */
  readonly databaseUrl: string;
  /** Writes the service's settings. @returns the file */
  readonly configure: (more?: object) => Promise<string>;
  /** A list of a channel that CI made and signed on what the repository has in force now. */
  readonly build: (release: Build) => Promise<Built>;
}

export interface Build {
  readonly version: string;
  readonly bytes: string | Buffer;
  /** gw2 unless given. */
  readonly product?: 'gw2' | 'cam1';
  readonly channel?: 'stable' | 'beta';
  readonly by?: readonly KeyName[];
}

export interface Built {
  readonly request: SubmissionRequest;
  readonly sha256: string;
  readonly bytes: Buffer;
}

/** @param options its clock is that of the server and of builds */
export async function openMaker({ clock = systemClock }: Pick<OwnServerOptions, 'clock'> = {}): Promise<Maker> {
  const folder = await tempFolder('tidegate-maker');
  const dir = folder.path;
  await mkdir(join(dir, 'keys'));
  const key = (name: KeyName, kind: KeyKind, type?: KeyType) => makeKey(join(dir, 'keys', `${name}.json`), kind, type);
  const keys = {
    ada: await key('ada', 'person'),
    grace: await key('grace', 'person'),
    ci: await key('ci', 'ci', 'ecdsa-p256'),
    snap: await key('snap', 'online'),
    time: await key('time', 'online', 'ecdsa-p256'),
    stranger: await key('stranger', 'ci'),
  };
  const repositoryDir = join(dir, 'repository');
  await signEmpty(repositoryDir, keys);
  await writeFile(join(dir, 'passphrase'), PASSPHRASE, { mode: 0o600 });
  const rootFile = join(repositoryDir, 'metadata', '1.root.json');
  const database = await emptyDatabase();
  const own = await startOwnServer({ databaseUrl: database.url, root: await readFile(rootFile), clock });
  await writeFile(join(dir, 'releaser-token'), `${own.adminToken}\n`, { mode: 0o600 });

  const configure = async (more: object = {}) => {
    const file = join(dir, 'signing-service.yaml');
    const passphraseFile = join(dir, 'passphrase');
    const settings = {
      repository: './repository',
      listen: { port: 0 },
      server: {
        url: own.server.adminUrl,
        tokenFile: './releaser-token',
        readBackUrl: own.server.deviceUrl,
      },
      keys: {
        snapshot: { uri: `file:${keys.snap.file}`, passphraseFile },
        timestamp: { uri: `file:${keys.time.file}`, passphraseFile },
      },
      bySignature: 'all',
      reserveBytes: 0,
      ...more,
    };
    await writeFile(file, stringify(settings));
    return file;
  };

  const build = async ({ version, bytes, product = 'gw2', channel = 'beta', by = ['ci'] }: Build): Promise<Built> => {
    const clone = await mkdtemp(join(dir, 'build-'));
    for (const part of ['metadata', 'tidegate-signer.yaml']) {
      await cp(join(repositoryDir, part), join(clone, part), { recursive: true });
    }
    const repo = await Repository.open(clone, { now: () => clock.now() });
    const image = join(clone, 'app.img');
    await writeFile(image, bytes);
    const baseVersion = (await repo.status()).find(r => r.role === `p-${product}-${channel}`)?.version ?? 0;
    const { role, sha256: hash } = await repo.addRelease({
      file: image,
      product,
      channel,
      component: 'app',
      version,
      hardware: [`${product}-a`],
      class: 'feature',
      format: 'file',
    });
    let complete = false;
    for (const name of by) complete = (await repo.sign(role, keys[name].signer)).complete;
    const file = complete ? join('metadata', `${baseVersion + 1}.${role}.json`) : join('staged', `${role}.json`);
    const list = (await readFile(join(clone, file))).toString('base64');
    await rm(clone, { recursive: true });
    return {
      request: { role, baseVersion, idempotencyKey: `build-${sha256(Buffer.from(version + hash)).slice(0, 32)}`, list },
      sha256: hash,
      bytes: Buffer.from(bytes),
    };
  };
  return {
    dir,
    keys,
    repositoryDir,
    rootFile,
    server: own,
    databaseUrl: database.url,
    configure,
    build,
    [Symbol.asyncDispose]: async () => {
      await own[Symbol.asyncDispose]();
      await database.drop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Of the timestamp that devices get. */
export async function servedVersion({ server }: Pick<Maker, 'server'>): Promise<number> {
  const answer = await fetch(`${server.server.deviceUrl}${METADATA_BASE}/timestamp.json`);
  return ((await answer.json()) as { signed: { version: number } }).signed.version;
}

async function makeKey(file: string, kind: KeyKind, type?: KeyType): Promise<HeldKey> {
  await generateKeyFile(file, { passphrase: PASSPHRASE, kind, type, scrypt: { N: 1024 } });
  return { publicKey: await readPublicKey(file), signer: await openKeyFile(file, PASSPHRASE), file };
}

async function signEmpty(dir: string, { ada, grace, ci, snap, time }: Maker['keys']): Promise<void> {
  const repo = await createRepository(dir, {
    rootKeys: [ada.publicKey, grace.publicKey],
    rootThreshold: 2,
    snapshotKey: snap.publicKey,
    timestampKey: time.publicKey,
  });
  await repo.addDelegation({ product: 'gw2', channel: 'stable', keys: [ci.publicKey, ada.publicKey] });
  await repo.addDelegation({ product: 'gw2', channel: 'beta', keys: [ci.publicKey] });
  await repo.addDelegation({ product: 'cam1', channel: 'beta', keys: [ci.publicKey] });
  await repo.addDelegation({ product: 'gw2', keys: [ada.publicKey, grace.publicKey] });
  for (const { signer } of [ada, grace]) {
    await repo.sign('root', signer);
    await repo.sign('targets', signer);
  }
  for (const { signer } of [ci, ada]) await repo.sign('p-gw2-stable', signer);
  for (const role of ['p-gw2-beta', 'p-cam1-beta']) await repo.sign(role, ci.signer);
  await repo.sign('h-gw2', ada.signer);
}

export interface ServiceProcess {
  readonly url: string;
  readonly child: Child;
}

/** @param program what is started in place of `tidegate-signer serve` */
export async function startServiceProcess(
  maker: Pick<Maker, 'dir'>,
  config: string,
  env: Readonly<Record<string, string>>,
  program: readonly string[] = [SIGNER_CLI, 'serve', '--config'],
): Promise<ServiceProcess> {
  const child = await startChild({
    args: [...program, config],
    env: { DATABASE_URL: '', REDIS_URL: '', ...env },
    logFile: join(maker.dir, 'service.log'),
    isReady: line => line.startsWith('{"url":'),
  });
  return { url: (JSON.parse(child.readyLine) as { url: string }).url, child };
}

export interface Answer<T> {
  readonly status: number;
  readonly body: T & Partial<Problem>;
}

/** The service as CI or a person speaks to it. */
export class ServiceClient {
  readonly #url: string;
  readonly #token: string | undefined;

  constructor(url: string, token?: string) {
    this.#url = url;
    this.#token = token;
  }

  async ask<T = SubmissionView>(method: string, path: string, body?: object | Buffer): Promise<Answer<T>> {
    const bytes = body instanceof Buffer;
    const response = await fetch(`${this.#url}${SIGNING_API}${path}`, {
      method,
      headers: {
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(body && { 'content-type': bytes ? 'application/octet-stream' : 'application/json' }),
      },
      ...(body && { body: bytes ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as T & Partial<Problem> };
  }

  open(request: SubmissionRequest): Promise<Answer<SubmissionView>> {
    return this.ask('POST', '/submissions', request);
  }

  /** Waits until the process has become the active one. */
  async active(): Promise<this> {
    await until('the service to be active', async () => {
      const { status } = await this.ask('GET', `/submissions/${'0'.repeat(32)}`);
      return status === 404 ? true : undefined;
    });
    return this;
  }

  /** Opens, uploads and submits, as CI does. */
  async submit({ request, sha256: hash, bytes }: Built): Promise<SubmissionView> {
    const opened = await this.open(request);
    if (opened.status !== 200) throw new Error(`not opened: ${JSON.stringify(opened.body)}`);
    const { id, artifactsMissing } = opened.body;
    if (artifactsMissing.some(a => a.sha256 === hash)) {
      const put = await this.ask('PUT', `/submissions/${id}/artifacts/${hash}`, bytes);
      if (put.status !== 204) throw new Error(`not uploaded: ${JSON.stringify(put.body)}`);
    }
    const submitted = await this.ask('POST', `/submissions/${id}/submit`);
    if (submitted.status !== 200) throw new Error(`not submitted: ${JSON.stringify(submitted.body)}`);
    return submitted.body;
  }

  /** Waits until it is published, or came to another end. */
  settled(id: string): Promise<SubmissionView> {
    return until(`submission ${id} to settle`, async () => {
      const { body } = await this.ask('GET', `/submissions/${id}?waitSeconds=5`);
      return ['published', 'refused', 'superseded'].includes(body.state) ? body : undefined;
    });
  }
}
