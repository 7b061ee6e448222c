/** Whether provenance is about this image, and of a build that the product's policy allows. Pure. */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { Provenance } from '../documents/provenance.ts';
import { SignerError } from '../signer-error.ts';
import type { ProvenancePolicy } from '../store/product-policy.ts';

/** Where these build types say which repository was built (their own definitions); others are asked for `source`. */
const WORKFLOW_TYPES = [
  'https://actions.github.io/buildtypes/workflow/v1',
  'https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1',
];

/** @throws SignerError `provenance-refused` */
export function judgeProvenance(provenance: Provenance, sha256: string, policy: ProvenancePolicy = {}): void {
  const { subject, predicate } = provenance.statement;
  if (!subject.some(({ digest }) => digest['sha256'] === sha256)) throw refused(`is about other bytes than ${sha256}`);
  if (policy.keys && !isSignedByOne(provenance, policy.keys))
    throw refused('bears no signature of a key of the policy');
  const builder = predicate.runDetails.builder.id;
  if (policy.builders && !policy.builders.some(allowed => fits(builder, allowed))) {
    throw refused(`names the builder ${builder}, which the policy does not`);
  }
  if (!policy.sources) return;
  const source = sourceOf(predicate.buildDefinition);
  if (source === undefined) throw refused('does not say which repository was built');
  if (!policy.sources.some(allowed => plain(allowed) === plain(source))) {
    throw refused(`says that ${source} was built, which the policy does not allow`);
  }
}

function isSignedByOne({ signed }: Provenance, pems: readonly string[]): boolean {
  const keys = pems.map(pem => createPublicKey(pem));
  return signed?.signatures.some(sig => keys.some(key => verify(digestFor(key), signed.bytes, key, sig))) ?? false;
}

function digestFor(key: KeyObject): string | null {
  if (key.asymmetricKeyType === 'ed25519') return null;
  return key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'sha384' : 'sha256';
}

/** An entry that ends in `@*` allows every version of a builder. */
function fits(builder: string, allowed: string): boolean {
  return allowed.endsWith('@*') ? builder.startsWith(allowed.slice(0, -1)) : builder === allowed;
}

/**
 * The one place where a build type says it, and no other: a build that merely depends on an allowed repository lists it
 * too.
 */
function sourceOf(build: Provenance['statement']['predicate']['buildDefinition']): string | undefined {
  const { buildType, externalParameters } = build;
  const holder = WORKFLOW_TYPES.includes(buildType) ? externalParameters['workflow'] : externalParameters;
  const name = WORKFLOW_TYPES.includes(buildType) ? 'repository' : 'source';
  const found = fieldOf(holder, name);
  return typeof found === 'string' ? found : textField(found, 'uri');
}

function textField(holder: unknown, name: string): string | undefined {
  const found = fieldOf(holder, name);
  return typeof found === 'string' ? found : undefined;
}

function fieldOf(holder: unknown, name: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, name)) return undefined;
  return Reflect.get(holder, name) as unknown;
}

/** The same repository in its several writings: `git+https://host/a/b.git@refs/heads/main`. */
function plain(source: string): string {
  return source
    .replace(/^git\+/, '')
    .replace(/(?<=[^/:]\/[^@]*)@.*$/, '')
    .replace(/\/$/, '')
    .replace(/\.git$/, '');
}

function refused(what: string): SignerError {
  return new SignerError('provenance-refused', `The provenance ${what}.`);
}
