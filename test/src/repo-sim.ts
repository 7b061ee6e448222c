/**
 * A TUF repository in memory that holds every private key: what an attacker with some of the keys could sign,
 * and what an honest signer would. Only for tests; the product's own signer is packages/signer.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';
import {
  channelPaths,
  channelRole,
  contentPath,
  type Firmware,
  holdPaths,
  holdRole,
  type TufKey,
} from '@tidegate/protocol';

export interface SimKey {
  readonly keyid: string;
  readonly tuf: TufKey;
  readonly privateKey: KeyObject;
}

export function makeKey(): SimKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
  return simKey({ keytype: 'ed25519', scheme: 'ed25519', keyval: { public: raw } }, privateKey);
}

/** Its signatures differ each time: a list must not be signed twice under one version where its bytes count. */
export function makeP256Key(): SimKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
  return simKey({ keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: pem } }, privateKey);
}

/** A key as a list would name it; `tuf` may be written as no honest signer would. */
export function simKey(tuf: TufKey, privateKey: KeyObject): SimKey {
  return { keyid: sha256(canonicalize(tuf)), tuf, privateKey };
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A document with its signatures, as TUF writes it. */
export function signed(body: object, keys: readonly SimKey[]): Buffer {
  const payload = Buffer.from(canonicalize(body));
  const signatures = keys.map(k => ({ keyid: k.keyid, sig: signature(payload, k).toString('hex') }));
  return Buffer.from(JSON.stringify({ signatures, signed: body }));
}

function signature(payload: Buffer, { privateKey }: SimKey): Buffer {
  return sign(privateKey.asymmetricKeyType === 'ec' ? 'sha256' : null, payload, privateKey);
}

interface RoleKeys {
  keys: SimKey[];
  threshold: number;
}

interface SimTarget {
  length: number;
  hashes: { sha256: string };
  custom?: object;
}

export interface SimOptions {
  readonly product?: string;
  readonly channel?: string;
  readonly now?: () => number;
}

const DAY = 86_400_000;

export class RepoSim {
  readonly product: string;
  readonly channel: string;
  readonly now: () => number;
  readonly keys: Record<'root' | 'targets' | 'snapshot' | 'timestamp', RoleKeys>;
  /** Delegated roles: the product's channel and its holds; a test may add more before it publishes. */
  readonly delegated: Record<string, RoleKeys & { paths: string[]; terminating: boolean }>;
  readonly versions: Record<string, number> = { root: 1, targets: 1, snapshot: 0, timestamp: 0 };
  readonly expiresAt: Record<string, number> = {};
  /** Further signed fields of a delegated role's list. */
  readonly fields: Record<string, object> = {};
  readonly targets: Record<string, Record<string, SimTarget>> = {};
  /** What a web server would serve: metadata by file name, artifacts by content path. */
  readonly metadata = new Map<string, Buffer>();
  readonly artifacts = new Map<string, Buffer>();

  constructor(options: SimOptions = {}) {
    this.product = options.product ?? 'gw2';
    this.channel = options.channel ?? 'stable';
    // A list that was not changed must keep its bytes: expiries count from one moment.
    const born = Date.now();
    this.now = options.now ?? (() => born);
    const people = [makeKey(), makeKey(), makeKey()];
    this.keys = {
      root: { keys: people, threshold: 2 },
      targets: { keys: people, threshold: 2 },
      snapshot: { keys: [makeKey()], threshold: 1 },
      timestamp: { keys: [makeKey()], threshold: 1 },
    };
    this.delegated = {
      [holdRole(this.product)]: { keys: [makeKey()], threshold: 1, paths: holdPaths(this.product), terminating: false },
      [this.role]: {
        keys: [makeKey(), makeKey()],
        threshold: 2,
        paths: channelPaths(this.product, this.channel),
        terminating: true,
      },
    };
    for (const role of Object.keys(this.delegated)) {
      this.versions[role] = 1;
      this.targets[role] = {};
    }
    this.writeRoot();
    this.publish();
  }

  get role(): string {
    return channelRole(this.product, this.channel);
  }

  root(version = 1): Buffer {
    return this.file(`${version}.root.json`);
  }

  file(name: string): Buffer {
    const bytes = this.metadata.get(name);
    if (!bytes) throw new Error(`no such metadata: ${name}`);
    return bytes;
  }

  /** Adds a firmware target to the channel's role; visible after `publish()`. Returns its path. */
  addFirmware(
    content: Buffer,
    firmware: Partial<Firmware> & { version: string; counter: number },
    file = 'app.bin',
  ): string {
    const custom: Firmware = {
      schema: 1,
      component: 'app',
      hardware: [`${this.product}-a`],
      kind: 'full',
      format: 'file',
      class: 'feature',
      disruption: 'none',
      releasedAt: new Date(this.now()).toISOString().replace(/\.\d+Z/, 'Z'),
      ...firmware,
    };
    const path = `${this.product}/${this.channel}/${custom.component}/${custom.version}/${file}`;
    this.addTarget(this.role, path, content, custom);
    return path;
  }

  addTarget(role: string, path: string, content: Buffer, custom?: object): void {
    const digest = sha256(content);
    (this.targets[role] ??= {})[path] = {
      length: content.length,
      hashes: { sha256: digest },
      ...(custom ? { custom } : {}),
    };
    this.artifacts.set(contentPath(path, digest), content);
  }

  /** Signs the root as it stands, as the version that `versions.root` says, with the root keys and any others given. */
  writeRoot(alsoSignedBy: readonly SimKey[] = []): void {
    const roles: Record<string, { keyids: string[]; threshold: number }> = {};
    const keys: Record<string, SimKey['tuf']> = {};
    for (const [role, { keys: own, threshold }] of Object.entries(this.keys)) {
      roles[role] = { keyids: own.map(k => k.keyid), threshold };
      for (const k of own) keys[k.keyid] = k.tuf;
    }
    const body = { ...this.header('root', 365), consistent_snapshot: true, keys, roles };
    this.metadata.set(`${this.versions['root']}.root.json`, signed(body, [...this.keys.root.keys, ...alsoSignedBy]));
  }

  /** Rotates keys of a role: a new root version, signed by the old and the new root keys. */
  rotate(role: 'root' | 'targets' | 'snapshot' | 'timestamp', keys: SimKey[], threshold = 1): void {
    const old = this.keys.root.keys;
    this.keys[role] = { keys, threshold };
    this.bump('root');
    this.writeRoot(old.filter(k => !this.keys.root.keys.includes(k)));
  }

  bump(role: string): void {
    this.versions[role] = (this.versions[role] ?? 0) + 1;
  }

  /**
   * Signs targets, delegated roles, snapshot and timestamp anew. `bumped`: the roles whose version rises besides the
   * two online ones.
   */
  publish(bumped: readonly string[] = []): void {
    for (const role of bumped) this.bump(role);
    this.writeTargets();
    for (const role of Object.keys(this.delegated)) this.writeDelegated(role);
    this.writeSnapshot();
    this.writeTimestamp();
  }

  /** Adds the targets of a release and publishes it: what a signer and its service do. */
  release(content: Buffer, firmware: Partial<Firmware> & { version: string; counter: number }, file?: string): string {
    const path = this.addFirmware(content, firmware, file);
    this.publish([this.role]);
    return path;
  }

  writeTargets(): void {
    const keys: Record<string, SimKey['tuf']> = {};
    const roles = Object.entries(this.delegated).map(([name, r]) => {
      for (const k of r.keys) keys[k.keyid] = k.tuf;
      return {
        name,
        keyids: r.keys.map(k => k.keyid),
        threshold: r.threshold,
        paths: r.paths,
        terminating: r.terminating,
      };
    });
    const body = { ...this.header('targets', 365), targets: {}, delegations: { keys, roles } };
    this.metadata.set(`${this.versions['targets']}.targets.json`, signed(body, this.keys.targets.keys));
  }

  writeDelegated(role: string, signers = this.delegated[role]?.keys ?? []): void {
    const body = { ...this.header('targets', 60, role), targets: this.targets[role] ?? {}, ...this.fields[role] };
    this.metadata.set(`${this.versions[role]}.${role}.json`, signed(body, signers));
  }

  writeSnapshot(): void {
    this.bump('snapshot');
    const meta: Record<string, { version: number }> = {};
    for (const role of ['targets', ...Object.keys(this.delegated)])
      meta[`${role}.json`] = { version: this.versions[role] ?? 1 };
    const body = { ...this.header('snapshot', 14), meta };
    this.metadata.set(`${this.versions['snapshot']}.snapshot.json`, signed(body, this.keys.snapshot.keys));
  }

  writeTimestamp(): void {
    this.bump('timestamp');
    const bytes = this.file(`${this.versions['snapshot']}.snapshot.json`);
    const meta = { version: this.versions['snapshot'], length: bytes.length, hashes: { sha256: sha256(bytes) } };
    const body = { ...this.header('timestamp', 3), meta: { 'snapshot.json': meta }, 'x-issued': instant(this.now()) };
    this.metadata.set('timestamp.json', signed(body, this.keys.timestamp.keys));
  }

  private header(type: string, days: number, role = type) {
    return {
      _type: type,
      spec_version: '1.0.31',
      version: this.versions[role],
      expires: instant(this.expiresAt[role] ?? this.now() + days * DAY),
    };
  }
}

function instant(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z/, 'Z');
}
