/**
 * Takes targets off a list. Of what was in force a record stays, with the reason: devices may have it. What was only ever
 * drafted goes without a trace: no device has seen it.
 */
import { LIMITS, type Withdrawal, WITHDRAWN_FIELD } from '@tidegate/protocol';
import { withdrawalOf } from '../policy/withdrawal-policy.ts';
import { SignerError } from '../signer-error.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';

/** @param inForce the complete list that the new one follows. @throws SignerError `too-many-targets` */
export function withoutTargets(
  list: TargetsSigned,
  paths: readonly string[],
  inForce: TargetsSigned | undefined,
  said: Pick<Withdrawal, 'reason' | 'at'>,
): TargetsSigned {
  const gone = new Set(paths);
  const records = paths.flatMap(path => {
    const target = inForce && Object.hasOwn(inForce.targets, path) ? inForce.targets[path] : undefined;
    return target ? [[path, withdrawalOf(path, target, said)] as const] : [];
  });
  const withdrawn = { ...list[WITHDRAWN_FIELD], ...Object.fromEntries(records) };
  if (Object.keys(withdrawn).length > LIMITS.withdrawalsPerRole) {
    throw new SignerError('too-many-targets', `At most ${LIMITS.withdrawalsPerRole} withdrawals fit into a list.`);
  }
  return {
    ...list,
    targets: Object.fromEntries(Object.entries(list.targets).filter(([path]) => !gone.has(path))),
    ...(Object.keys(withdrawn).length > 0 && { [WITHDRAWN_FIELD]: withdrawn }),
  };
}
