/**
 * Puts a signature under a draft. The list is judged here, on the machine of whoever signs; the signature is verified
 * against the key that the role declares before it is kept; and with the last one the draft becomes a complete list.
 */
import type { DetachedSignature } from '@tidegate/protocol';
import type { Signer } from '../keys/signer.ts';
import { checkDraft } from '../lint/draft-lint.ts';
import { complete, writeDraft } from '../store/store.ts';
import { countSignatures } from '../tuf/authority.ts';
import type { Envelope } from '../tuf/metadata.ts';
import { type Candidate, candidateFor, judge } from './candidate.ts';
import { checkEvidence } from './evidence.ts';
import { authorities, binding } from './ground.ts';
import type { Editing } from './next-list.ts';
import { detached } from './detached-signature.ts';
import { makeSignature, withSignature } from './signature.ts';

export interface SignResult {
  readonly role: string;
  readonly version: number;
  readonly signedBy: readonly string[];
  /** Signatures still wanting; 0 where the list is complete now. */
  readonly missing: number;
  readonly complete: boolean;
}

/** @throws SignerError `nothing-to-sign`, `draft-unsound`, `key-not-in-role`, `signature-invalid`, and those of the list's checks */
export async function sign(editing: Editing, role: string, signer: Signer): Promise<SignResult> {
  const candidate = await candidateFor(editing, role);
  judge(candidate);
  await checkDraft(editing.store, role, editing.now());
  await checkEvidence(editing, candidate);
  const { envelope, rules } = candidate;
  const signature = await makeSignature(role, envelope.signed, authorities(rules), signer);
  const signed = withSignature(envelope, authorities(rules), signature);
  const result = resultOf(candidate, signed);
  if (result.complete) await complete(editing.store, role, signed, binding(rules));
  else await writeDraft(editing.store, role, signed);
  return result;
}

/** The same signature apart from the list; changes nothing in the repository. @throws as `sign` */
export async function signDetached(candidate: Candidate, signer: Signer): Promise<DetachedSignature> {
  judge(candidate);
  const { role, envelope, rules } = candidate;
  return detached(role, envelope.signed, await makeSignature(role, envelope.signed, authorities(rules), signer));
}

export function resultOf({ role, rules }: Candidate, envelope: Envelope): SignResult {
  const { missing } = countSignatures(envelope, binding(rules));
  const { signedBy } = countSignatures(envelope, authorities(rules));
  return { role, version: envelope.signed.version, signedBy, missing, complete: missing === 0 };
}
