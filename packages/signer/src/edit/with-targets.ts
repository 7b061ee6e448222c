/** Puts targets on a list. What was withdrawn and comes back with the same bytes is no longer on record as withdrawn. */
import { LIMITS, WITHDRAWN_FIELD } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';

/** @throws SignerError `target-exists` where a path had other bytes before, `too-many-targets` */
export function withTargets(list: TargetsSigned, added: TargetsSigned['targets']): TargetsSigned {
  const targets = { ...list.targets, ...added };
  if (Object.keys(targets).length > LIMITS.targetsPerRole) {
    throw new SignerError('too-many-targets', `A list holds ${LIMITS.targetsPerRole} targets; no more fit in.`);
  }
  const { [WITHDRAWN_FIELD]: before, ...rest } = list;
  const kept = Object.entries(before ?? {}).filter(([path, { sha256 }]) => {
    const back = Object.hasOwn(added, path) ? added[path] : undefined;
    if (back && back.hashes.sha256 !== sha256) {
      throw new SignerError(
        'target-exists',
        `${path} had other bytes before it was withdrawn. Give it another version.`,
      );
    }
    return !back;
  });
  return { ...rest, targets, ...(kept.length > 0 && { [WITHDRAWN_FIELD]: Object.fromEntries(kept) }) };
}
