/**
 * Takes a list that was made and signed elsewhere: judged as if it had been drafted here, then kept as its role's draft
 * with those signatures that hold. What the sender says of it counts for nothing.
 */
import { checkDelegations } from '../policy/delegation-policy.ts';
import { SignerError } from '../signer-error.ts';
import { current, draft, writeDraft } from '../store/store.ts';
import type { Envelope, Signature } from '../tuf/metadata.ts';
import { parseFor, parseTargets } from '../tuf/parse.ts';
import { type Candidate, candidateWith, judge } from './candidate.ts';
import { checkEvidence } from './evidence.ts';
import { authorities } from './ground.ts';
import type { Editing } from './next-list.ts';
import { holding, payloadHash } from './signature.ts';

export interface Brought {
  readonly role: string;
  readonly envelope: Envelope;
  /** The version in force on which it was made; 0 before the first. */
  readonly baseVersion: number;
}

/** A list that may become its role's draft, with the signatures that hold. */
export interface Weighed {
  readonly candidate: Candidate;
  readonly signatures: readonly Signature[];
}

/**
 * Changes nothing.
 * @throws SignerError `draft-stale` where the role moved on, `key-not-in-role`, `signature-invalid`, and those of the list's checks
 */
export async function weigh(editing: Editing, brought: Brought): Promise<Weighed> {
  const { role, envelope, baseVersion } = brought;
  const candidate = await candidateWith(editing, role, envelope);
  const inForce = candidate.ground.previous?.version ?? 0;
  if (inForce !== baseVersion) {
    throw new SignerError(
      'draft-stale',
      `${role} is at version ${inForce}; the list was made on version ${baseVersion}. Make it anew on the newer list.`,
    );
  }
  const signatures = signaturesOf(candidate);
  // However the list of delegations came here: who may sign a stable channel is judged again.
  const targets = await current(editing.store, 'targets', parseTargets);
  if (targets) checkDelegations(targets.signed, editing.keys);
  judge(candidate);
  return { candidate, signatures };
}

/**
 * Keeps it as the role's draft. The same again changes nothing; a draft with more signatures keeps them.
 * @param inPlaceOf hash of the payload of the draft that it may take the place of
 * @throws SignerError `draft-exists` where another waits, and those of `weigh` and of `checkEvidence`
 */
export async function adopt(editing: Editing, brought: Brought, inPlaceOf?: string): Promise<void> {
  const { candidate, signatures } = await weigh(editing, brought);
  await checkEvidence(editing, candidate);
  const { role } = brought;
  const { signed } = brought.envelope;
  const before = await draft(editing.store, role, parseFor(role));
  const there = before && payloadHash(before.signed);
  if (there === payloadHash(signed)) return;
  if (there !== undefined && there !== inPlaceOf) {
    throw new SignerError('draft-exists', `Another draft of ${role} waits for signatures.`);
  }
  await writeDraft(editing.store, role, { signed: candidate.envelope.signed, signatures });
}

/** The signatures that hold. @throws SignerError `key-not-in-role`, `signature-invalid` where there is none */
export function signaturesOf({ role, envelope, rules }: Candidate): readonly Signature[] {
  const kept = holding(envelope, authorities(rules));
  if (kept.length > 0) return kept;
  const named = authorities(rules).flatMap(a => a.role.keyids);
  throw envelope.signatures.some(s => named.includes(s.keyid))
    ? new SignerError('signature-invalid', `No signature under this list of ${role} holds.`)
    : new SignerError('key-not-in-role', `No key of ${role} has signed this list.`);
}
