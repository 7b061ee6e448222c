/**
 * Puts a signature under a draft. The list is judged here, on the machine of whoever signs; the signature is verified
 * against the key that the role declares before it is kept; and with the last one the draft becomes a complete list.
 */
import type { Signer } from '../keys/signer.ts';
import { checkList } from '../policy/list-policy.ts';
import { SignerError } from '../signer-error.ts';
import { complete, current, draft, governingRoot, newestTargets, type Store, writeDraft } from '../store/store.ts';
import { type Authority, countSignatures, delegatedAuthority, keyOf, rootAuthority } from '../tuf/authority.ts';
import { keyId, signatureHolds } from '../tuf/key.ts';
import { type Delegation, type Envelope, isRoot, type Signed, signedBytes } from '../tuf/metadata.ts';
import { parseFor, parseRoot, parseTargets } from '../tuf/parse.ts';
import { kindOf } from '../tuf/role.ts';
import { listedReleases } from './listed.ts';
import type { Editing } from './next-list.ts';

export interface SignResult {
  readonly role: string;
  readonly version: number;
  readonly signedBy: readonly string[];
  /** Signatures still wanting; 0 where the list is complete now. */
  readonly missing: number;
  readonly complete: boolean;
}

/** @throws SignerError `nothing-to-sign`, `key-not-in-role`, `signature-invalid`, and those of the list's checks */
export async function sign({ store, now, keys }: Editing, role: string, signer: Signer): Promise<SignResult> {
  const kind = kindOf(role);
  if (kind === 'snapshot' || kind === 'timestamp') {
    throw new SignerError('role-unknown', `${role} has no draft; "tidegate-signer refresh" makes and signs it.`);
  }
  const parse = parseFor(role);
  const envelope = await draft(store, role, parse);
  if (!envelope) throw new SignerError('nothing-to-sign', `There is no draft of ${role} that waits for signatures.`);
  const previous = (await current(store, role, parse))?.signed;
  const authorities = await authoritiesFor(store, role, envelope.signed);
  const delegation = kind === 'channel' || kind === 'holds' ? await delegationOf(store, role) : undefined;
  const product = kind === 'channel' ? delegation?.paths[0]?.split('/')[0] : undefined;
  const listed = product === undefined ? [] : await listedReleases(store, product);
  checkList(role, envelope.signed, { now: now(), previous, delegation, keys, listed });

  const signed = await withSignature(role, envelope, authorities, signer);
  const { signedBy, missing } = countSignatures(signed, authorities);
  if (missing > 0) await writeDraft(store, role, signed);
  else await complete(store, role, signed, authorities);
  return { role, version: signed.signed.version, signedBy, missing, complete: missing === 0 };
}

/** Signs, and keeps of all signatures those that hold: a draft edited by hand loses the others here. */
export async function withSignature<S extends Signed>(
  role: string,
  envelope: Envelope<S>,
  authorities: readonly Authority[],
  signer: Signer,
): Promise<Envelope<S>> {
  const keyid = keyId(signer.publicKey());
  if (!keyOf(authorities, keyid)) {
    throw new SignerError(
      'key-not-in-role',
      `Key ${keyid.slice(0, 8)} may not sign ${role}. Use one of the role's keys.`,
    );
  }
  const bytes = signedBytes(envelope.signed);
  // The id is the key's hash, so the signer has verified against the very key that the role declares.
  const signature = await signer.sign(bytes);
  const others = envelope.signatures.filter(s => {
    const other = keyOf(authorities, s.keyid);
    return s.keyid !== keyid && other && signatureHolds(other, bytes, Buffer.from(s.sig, 'hex'));
  });
  return { signed: envelope.signed, signatures: [...others, { keyid, sig: Buffer.from(signature).toString('hex') }] };
}

/** Who must sign: for a root its own keys and the last one's (TUF 5.3.4), for the rest whoever delegates. */
export async function authoritiesFor(store: Store, role: string, signed: Signed): Promise<readonly Authority[]> {
  if (isRoot(signed)) {
    const last = await current(store, 'root', parseRoot);
    return [rootAuthority(signed, 'root'), ...(last ? [rootAuthority(last.signed, 'root')] : [])];
  }
  if (role === 'targets' || role === 'snapshot' || role === 'timestamp') {
    return [rootAuthority(await governingRoot(store), role)];
  }
  const signedList = (await current(store, 'targets', parseTargets))?.signed;
  const planned = await newestTargets(store, 'targets');
  const found = (signedList && delegatedAuthority(signedList, role)) ?? (planned && delegatedAuthority(planned, role));
  if (!found) throw new SignerError('role-unknown', `Nobody may sign ${role}: no delegation names it.`);
  return [found];
}

async function delegationOf(store: Store, role: string): Promise<Delegation | undefined> {
  return (await newestTargets(store, 'targets'))?.delegations?.roles.find(r => r.name === role);
}
