/**
 * `tidegate-signer.yaml`: what people may set (how long each kind of list is valid) and what is known of the keys beside
 * their cryptography (name and owner). Thresholds and counters are not kept here: the signed lists are their one truth.
 */
import { Name, parser, Sha256 } from '@tidegate/protocol';
import { type Static, Type } from 'typebox';
import { Document, parse as parseYaml, parseDocument } from 'yaml';
import { join } from 'node:path';
import { closed } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import type { RoleKind } from '../tuf/role.ts';
import { readBounded, writeDurably } from './durable-file.ts';
import { keyFault, ProductPolicies } from './product-policy.ts';

const CONFIG_FILE = 'tidegate-signer.yaml';

/** Who holds a key: a person, a build pipeline, or a service that signs by itself. */
export const KEY_KINDS = ['person', 'ci', 'online'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];
export const KeyKindName = Type.Enum([...KEY_KINDS]);

const Days = Type.Integer({ minimum: 1, maximum: 3650 });
export const ExpiryDays = closed({
  root: Days,
  targets: Days,
  channel: Days,
  holds: Days,
  snapshot: Days,
  timestamp: Days,
});
export type ExpiryDays = Readonly<Record<RoleKind, number>>;

export const DEFAULT_EXPIRY_DAYS: ExpiryDays = {
  root: 365,
  targets: 365,
  channel: 60,
  holds: 30,
  snapshot: 14,
  timestamp: 3,
};

export const KnownKey = closed({
  name: Name,
  keyid: Sha256,
  kind: KeyKindName,
  /** Where the private half is kept, unless in a file. */
  uri: Type.Optional(Type.String({ maxLength: 2000 })),
});
export type KnownKey = Static<typeof KnownKey>;

const Config = closed({
  format: Type.Literal(1),
  expiryDays: ExpiryDays,
  keys: Type.Array(KnownKey, { maxItems: 1000 }),
  /** What products demand of their releases. */
  products: Type.Optional(ProductPolicies),
  /** The address at which devices reach the server that is published to: doctor compares with it. */
  server: Type.Optional(Type.String({ maxLength: 2000 })),
});
export type Config = Static<typeof Config>;

const parseConfig = parser(Config);
const CONFIG_BYTES = 256 * 1024;

/** @throws SignerError `repository-missing`, `repository-damaged` */
export async function readConfig(dir: string): Promise<Config> {
  return parsed(await text(dir));
}

export async function hasConfig(dir: string): Promise<boolean> {
  return (await readBounded(join(dir, CONFIG_FILE), CONFIG_BYTES)) !== undefined;
}

export async function createConfig(dir: string, config: Omit<Config, 'format'>): Promise<void> {
  const document = new Document({ format: 1, ...config });
  document.commentBefore =
    ' Days for which each kind of signed list is valid, and who holds which key.\n' +
    ' Thresholds stand in the signed lists themselves.';
  await writeDurably(join(dir, CONFIG_FILE), document.toString());
}

/** Notes keys that are not known yet; what people wrote into the file stays. @throws SignerError `key-kind` */
export async function noteKeys(dir: string, keys: readonly KnownKey[]): Promise<void> {
  const source = await text(dir);
  const { keys: known } = parsed(source);
  const fresh = keys.filter(key => !known.some(k => k.keyid === key.keyid));
  for (const key of keys) {
    const before = known.find(k => k.keyid === key.keyid);
    if (before && before.kind !== key.kind) {
      throw new SignerError(
        'key-kind',
        `Key ${before.name} (${key.keyid.slice(0, 8)}) is known as of kind ${before.kind}, now it says ${key.kind}.`,
      );
    }
  }
  if (fresh.length === 0) return;
  const document = parseDocument(source);
  for (const key of fresh) document.addIn(['keys'], document.createNode(key));
  await writeDurably(join(dir, CONFIG_FILE), document.toString());
}

async function text(dir: string): Promise<string> {
  const bytes = await readBounded(join(dir, CONFIG_FILE), CONFIG_BYTES);
  if (!bytes) {
    throw new SignerError(
      'repository-missing',
      `${dir} is no signing repository: it has no ${CONFIG_FILE}. Make one with "tidegate-signer init", or name one with --repo.`,
    );
  }
  return bytes.toString('utf8');
}

function parsed(source: string): Config {
  let value: unknown;
  try {
    value = parseYaml(source, { maxAliasCount: 0 });
  } catch (error) {
    throw new SignerError('repository-damaged', `${CONFIG_FILE} is not YAML: ${(error as Error).message}`);
  }
  const result = parseConfig(value);
  if (!result.ok) {
    throw new SignerError('repository-damaged', `${CONFIG_FILE}: ${result.fault.path} ${result.fault.message}.`);
  }
  const fault = keyFault(result.value.products ?? {});
  if (fault !== undefined) throw new SignerError('repository-damaged', `${CONFIG_FILE}: ${fault}.`);
  return result.value;
}
