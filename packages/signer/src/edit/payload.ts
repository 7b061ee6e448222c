/**
 * A draft on its way to a key holder's offline machine: the exact bytes to be signed, and the signed lists by which they
 * are judged there. It carries no words and no names: what is shown there is worked out there.
 */
import { closed, jsonParser, LIMITS, ROLE_PATTERN } from '@tidegate/protocol';
import { type Static, Type } from 'typebox';
import { checkRoots } from '../policy/root-chain.ts';
import { SignerError } from '../signer-error.ts';
import type { KnownKey } from '../store/config.ts';
import { current, draft, readList, type Store, versionsOf } from '../store/store.ts';
import { type Authority, countSignatures, delegatedAuthority, rootAuthority } from '../tuf/authority.ts';
import { type Envelope, fileBytes, type Signed, signedBytes } from '../tuf/metadata.ts';
import { parseFor, parseRoot, parseTargets } from '../tuf/parse.ts';
import { metadataFile } from '../tuf/role.ts';
import { type Candidate, candidateFor, candidateOn, checkDraftable } from './candidate.ts';
import type { Ground } from './ground.ts';
import type { Editing } from './next-list.ts';

const Base64 = (maxBytes: number) =>
  Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$', maxLength: Math.ceil(maxBytes / 3) * 4 });
const List = Base64(LIMITS.targetsBytes);

export const Payload = closed({
  format: Type.Literal('tidegate-payload-1'),
  role: Type.String({ pattern: ROLE_PATTERN }),
  /** Canonical JSON: the bytes that are signed. It leaves control characters raw, so it is no JSON that can be read. */
  payload: List,
  /** The same as a file without signatures: what is read, and of which the bytes are made again. */
  draft: List,
  /** Files of the complete lists, and drafts as files. */
  previous: Type.Optional(List),
  roots: Type.Array(Base64(LIMITS.rootBytes), { maxItems: LIMITS.rootRotationsPerRefresh }),
  plannedRoot: Type.Optional(Base64(LIMITS.rootBytes)),
  targets: Type.Optional(List),
  plannedTargets: Type.Optional(List),
});
export type Payload = Static<typeof Payload>;

/** What a payload file may have at most. */
export const PAYLOAD_BYTES = 16 * 1024 ** 2;

const parseText = jsonParser(Payload);

/** @throws SignerError `nothing-to-sign`, `role-unknown` */
export async function exportPayload(editing: Editing, role: string): Promise<Payload> {
  const { store } = editing;
  const { envelope } = await candidateFor(editing, role);
  const [previous, targets] = [
    await current(store, role, parseFor(role)),
    await current(store, 'targets', parseTargets),
  ];
  const plannedRoot = await draft(store, 'root', parseRoot);
  const plannedTargets = await draft(store, 'targets', parseTargets);
  return {
    format: 'tidegate-payload-1',
    role,
    payload: signedBytes(envelope.signed).toString('base64'),
    draft: draftBytes(envelope),
    ...(previous && { previous: previous.bytes.toString('base64') }),
    roots: await rootFiles(store),
    ...(plannedRoot && { plannedRoot: draftBytes(plannedRoot) }),
    ...(targets && { targets: targets.bytes.toString('base64') }),
    ...(plannedTargets && { plannedTargets: draftBytes(plannedTargets) }),
  };
}

export function payloadText(payload: Payload): string {
  return `${JSON.stringify(payload)}\n`;
}

export interface PayloadContext {
  readonly now: Date;
  /** Keys whose holders are known on this machine. */
  readonly keys: readonly KnownKey[];
  /** A root that this machine trusts beforehand: the payload's roots must lead on from it. */
  readonly trustedRoot?: Uint8Array | undefined;
}

/**
 * Judges nothing yet, but believes nothing that is not signed: a list in the payload that does not bear the signatures
 * that it needs is left out, and the draft is then shown whole instead of compared with an invention.
 * @throws SignerError `payload-invalid`, `metadata-invalid`
 */
export function candidateFromPayload(bytes: Uint8Array, context: PayloadContext): Candidate {
  const payload = parsePayload(bytes);
  const { role } = payload;
  checkDraftable(role);
  const signed = exactly(payload);
  const roots = payload.roots.map(root => parseRoot(file(root), 'a root of the payload'));
  const trusted = context.trustedRoot && parseRoot(context.trustedRoot, 'the trusted root');
  checkRoots(roots, trusted);
  const root = { inForce: roots.at(-1)?.signed, planned: list(payload.plannedRoot, parseRoot)?.signed };
  const byRoot = root.inForce && rootAuthority(root.inForce, 'targets');
  const targets = {
    inForce: proven(list(payload.targets, parseTargets), byRoot)?.signed,
    planned: list(payload.plannedTargets, parseTargets)?.signed,
  };
  const previous = role === 'root' ? roots.at(-1) : list(payload.previous, parseFor(role));
  const byRole = role === 'targets' ? byRoot : targets.inForce && delegatedAuthority(targets.inForce, role);
  const ground: Ground = { role, previous: previous?.signed, root, targets };
  const known = { now: context.now, keys: context.keys, listed: [] };
  return {
    ...candidateOn(ground, { signed, signatures: [] }, known),
    comparedWith: role === 'root' ? previous?.signed : proven(previous, byRole)?.signed,
  };
}

function parsePayload(bytes: Uint8Array): Payload {
  const parsed = parseText(Buffer.from(bytes).toString('utf8'));
  if (parsed.ok) return parsed.value;
  throw new SignerError(
    'payload-invalid',
    `This is no payload file: ${parsed.fault.path || 'it'} ${parsed.fault.message}.`,
  );
}

/** What is shown must be what is signed, to the last byte. */
function exactly({ role, payload, draft: text }: Payload): Signed {
  const { signed } = parseFor(role)(file(text), 'the draft in the payload');
  if (signedBytes(signed).equals(file(payload))) return signed;
  throw new SignerError('payload-invalid', 'The bytes to be signed are not those of the draft that comes with them.');
}

function proven<S extends Signed>(found: Envelope<S> | undefined, by: Authority | undefined): Envelope<S> | undefined {
  return found && by && countSignatures(found, [by]).missing === 0 ? found : undefined;
}

function list<S extends Signed>(text: string | undefined, parse: (bytes: Uint8Array, name: string) => Envelope<S>) {
  return text === undefined ? undefined : parse(file(text), 'a list in the payload');
}

function file(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}

function draftBytes(envelope: Envelope): string {
  return fileBytes({ signed: envelope.signed, signatures: [] }).toString('base64');
}

async function rootFiles(store: Store): Promise<string[]> {
  const versions = (await versionsOf(store, 'root')).slice(-LIMITS.rootRotationsPerRefresh);
  const lists = await Promise.all(versions.map(v => readList(store, 'root', metadataFile('root', v), parseRoot)));
  return lists.flatMap(found => (found ? [found.bytes.toString('base64')] : []));
}
