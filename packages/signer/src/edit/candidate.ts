/**
 * A draft together with all by which it is judged: the front half of signing, adding a signature, completing and showing
 * the difference. Whoever asks, wherever the draft came from, the same checks stand before a signature.
 */
import { checkList, type ListContext } from '../policy/list-policy.ts';
import { SignerError } from '../signer-error.ts';
import type { KnownKey } from '../store/config.ts';
import { draft } from '../store/store.ts';
import { type Envelope, isTargets, type Signed } from '../tuf/metadata.ts';
import { parseFor } from '../tuf/parse.ts';
import { kindOf } from '../tuf/role.ts';
import { delegationIn, type Ground, groundOf, type Rule, rulesFor } from './ground.ts';
import { listedReleases } from './listed.ts';
import type { Editing } from './next-list.ts';

export interface Candidate {
  readonly role: string;
  readonly envelope: Envelope;
  readonly ground: Ground;
  readonly rules: readonly Rule[];
  /** The list that changes are shown against; undefined where everything is to be shown. */
  readonly comparedWith: Signed | undefined;
  readonly context: ListContext;
}

/** The draft of a role in the repository. @throws SignerError `nothing-to-sign`, `role-unknown`, `draft-stale` */
export async function candidateFor(editing: Editing, role: string): Promise<Candidate> {
  checkDraftable(role);
  const envelope = await draft(editing.store, role, parseFor(role));
  if (!envelope) throw new SignerError('nothing-to-sign', `There is no draft of ${role} that waits for signatures.`);
  return candidateWith(editing, role, envelope);
}

/** A list that came from elsewhere, judged as the role's next one here. @throws SignerError `role-unknown`, `draft-stale` */
export async function candidateWith(
  { store, now, keys }: Editing,
  role: string,
  envelope: Envelope,
): Promise<Candidate> {
  const kind = checkDraftable(role);
  const ground = await groundOf(store, role);
  const product = kind === 'channel' ? delegationIn(ground)?.paths[0]?.split('/')[0] : undefined;
  const { signed } = envelope;
  const listed =
    product === undefined || !isTargets(signed) ? [] : await listedReleases(store, product, { role, list: signed });
  return candidateOn(ground, envelope, { now: now(), keys, listed });
}

export function candidateOn(
  ground: Ground,
  envelope: Envelope,
  known: { readonly now: Date; readonly keys: readonly KnownKey[]; readonly listed: ListContext['listed'] },
): Candidate {
  const context = {
    ...known,
    previous: ground.previous,
    delegation: delegationIn(ground),
    root: ground.root.planned ?? ground.root.inForce,
    delegations: (ground.targets.planned ?? ground.targets.inForce)?.delegations,
  };
  return {
    role: ground.role,
    envelope,
    ground,
    rules: rulesFor(ground, envelope.signed, known.keys),
    comparedWith: ground.previous,
    context,
  };
}

/** @throws SignerError those of `checkList` */
export function judge({ role, envelope, context }: Candidate): void {
  checkList(role, envelope.signed, context);
}

/** @throws SignerError `role-unknown` for what never has a draft */
export function checkDraftable(role: string): ReturnType<typeof kindOf> {
  const kind = kindOf(role);
  if (kind === 'snapshot' || kind === 'timestamp') {
    throw new SignerError('role-unknown', `${role} has no draft; "tidegate-signer refresh" makes and signs it.`);
  }
  return kind;
}
