/** Takes in a signature that was made elsewhere, for the draft as it is now and no other. */
import { SignerError } from '../signer-error.ts';
import { current, draft, writeDraft } from '../store/store.ts';
import { parseFor } from '../tuf/parse.ts';
import { candidateFor, checkDraftable } from './candidate.ts';
import type { DetachedSignature } from '@tidegate/protocol';
import { authorities } from './ground.ts';
import type { Editing } from './next-list.ts';
import { resultOf, type SignResult } from './sign.ts';
import { checkSignature, holding, payloadHash, withSignature } from './signature.ts';

export interface AddSignatureResult extends Omit<SignResult, 'complete'> {
  /** False where that signature was there before, or the list is complete without it. */
  readonly added: boolean;
  /** Whether the list is in force already; a draft with enough signatures waits for `assemble`. */
  readonly complete: boolean;
}

/** @throws SignerError `draft-stale`, `nothing-to-sign`, `key-not-in-role`, `signature-invalid`, `usage` for another role's */
export async function addSignature(
  editing: Editing,
  role: string,
  signature: DetachedSignature,
): Promise<AddSignatureResult> {
  const { store } = editing;
  if (signature.role !== role) {
    throw new SignerError('usage', `This signature is for ${signature.role}, not for ${role}.`);
  }
  checkDraftable(role);
  const inForce = await current(store, role, parseFor(role));
  if (inForce && payloadHash(inForce.signed) === signature.payloadSha256) {
    const signedBy = inForce.envelope.signatures.map(s => s.keyid);
    return { role, version: inForce.signed.version, signedBy, missing: 0, added: false, complete: true };
  }
  if (!(await draft(store, role, parseFor(role)))) throw noDraft(signature, inForce?.signed.version ?? 0);
  const candidate = await candidateFor(editing, role);
  const { envelope, rules } = candidate;
  if (payloadHash(envelope.signed) !== signature.payloadSha256) throw stale(signature, envelope.signed.version);
  const allowed = authorities(rules);
  checkSignature(role, envelope.signed, allowed, signature);

  const before = holding(envelope, allowed).some(s => s.keyid === signature.keyid);
  const signed = before ? envelope : withSignature(envelope, allowed, { keyid: signature.keyid, sig: signature.sig });
  if (!before) await writeDraft(store, role, signed);
  return { ...resultOf(candidate, signed), added: !before, complete: false };
}

function noDraft({ role, version }: DetachedSignature, newest: number): SignerError {
  if (version <= newest) return stale({ role, version }, newest);
  return new SignerError('nothing-to-sign', `There is no draft of ${role} that waits for signatures.`);
}

function stale({ role, version }: Pick<DetachedSignature, 'role' | 'version'>, now: number): SignerError {
  return new SignerError(
    'draft-stale',
    `This signature is for a draft of ${role} version ${version} that is no more: ` +
      `${role} is at version ${now} or its draft was changed since. Export the payload again and have it signed again.`,
  );
}
