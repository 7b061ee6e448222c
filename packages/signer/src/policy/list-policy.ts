/**
 * What a list must be before a signature is put under it, whoever wrote the draft and by whatever means: the signer's
 * machine trusts only what it checked itself.
 */
import { LIMITS } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import type { KnownKey } from '../store/config.ts';
import { type Delegation, isTargets, type Signed, type TargetsSigned } from '../tuf/metadata.ts';
import { kindOf } from '../tuf/role.ts';
import { checkCounters, type Listed } from './counter.ts';
import { checkDelegations } from './delegation-policy.ts';
import { checkFirmware, checkHold } from './firmware-policy.ts';

export interface ListContext {
  readonly now: Date;
  /** The complete list that the new one follows. */
  readonly previous?: Signed | undefined;
  /** For a delegated list: what it was given. */
  readonly delegation?: Delegation | undefined;
  /** Who is known to hold which key. */
  readonly keys: readonly KnownKey[];
  /** For a channel: all that is listed of its product, this draft included. */
  readonly listed: readonly Listed[];
}

/** @throws SignerError `version-conflict`, `expiry-invalid`, `metadata-invalid`, and those of the descriptions */
export function checkList(role: string, signed: Signed, context: ListContext): void {
  const { now, previous, delegation } = context;
  const expected = (previous?.version ?? 0) + 1;
  if (signed.version !== expected) {
    throw new SignerError('version-conflict', `The draft of ${role} is version ${signed.version}, not ${expected}.`);
  }
  if (!(new Date(signed.expires) > now)) {
    throw new SignerError('expiry-invalid', `The draft of ${role} has expired (${signed.expires}). Renew it first.`);
  }
  if (!isTargets(signed)) return;
  if (delegation) {
    checkTargets(role, signed, delegation);
    checkCounters(context.listed);
  } else if (Object.keys(signed.targets).length > 0) {
    throw new SignerError('metadata-invalid', 'The list "targets" delegates only; releases belong into a channel.');
  } else {
    checkDelegations(signed, context.keys);
  }
  if (previous && isTargets(previous)) checkSameBytes(previous, signed);
}

function checkTargets(role: string, signed: TargetsSigned, delegation: Delegation): void {
  const entries = Object.entries(signed.targets);
  if (entries.length > LIMITS.targetsPerRole) {
    throw new SignerError('too-many-targets', `${role} would list more than ${LIMITS.targetsPerRole} targets.`);
  }
  if (signed.delegations) throw new SignerError('metadata-invalid', `${role} must not delegate further.`);
  const check = kindOf(role) === 'holds' ? checkHold : checkFirmware;
  for (const [path, target] of entries) {
    if (!delegation.paths.some(pattern => matches(path, pattern))) {
      throw new SignerError(
        'metadata-invalid',
        `${role} must not list ${path}: it may sign ${delegation.paths.join(', ')}.`,
      );
    }
    check(target.custom, path);
  }
}

/** A path keeps its bytes for ever: caches and devices rely on it. */
function checkSameBytes(previous: TargetsSigned, next: TargetsSigned): void {
  for (const [path, target] of Object.entries(next.targets)) {
    const before = previous.targets[path];
    if (before && before.hashes.sha256 !== target.hashes.sha256) {
      throw new SignerError('target-exists', `${path} has other bytes already. Give the new image another version.`);
    }
  }
}

/** A `*` stands for one whole part here; it never crosses a `/` (TUF 4.5). */
function matches(path: string, pattern: string): boolean {
  const parts = path.split('/');
  const wanted = pattern.split('/');
  return parts.length === wanted.length && wanted.every((w, i) => w === '*' || w === parts[i]);
}
