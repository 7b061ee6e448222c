/**
 * What leaves a channel's list leaves a record in it: devices may run what was withdrawn, so its counter stays taken, and
 * caches may hold it, so its path keeps its bytes. Pure.
 */
import { LIMITS, parseTargetPath, PRODUCT_COMPONENT, type Withdrawal, WITHDRAWN_FIELD } from '@tidegate/protocol';
import { canonicalize } from '@tufjs/canonical-json';
import { SignerError } from '../signer-error.ts';
import type { TargetEntry, TargetsSigned } from '../tuf/metadata.ts';
import { checkDescription } from './description-policy.ts';
import { hasText } from './has-text.ts';

/** The record of a target that is taken off. */
export function withdrawalOf(path: string, target: TargetEntry, said: Pick<Withdrawal, 'reason' | 'at'>): Withdrawal {
  const { kind, entry } = checkDescription(target.custom, path);
  return {
    sha256: target.hashes.sha256,
    ...(kind === 'firmware' && { counter: entry.counter, hardware: entry.hardware }),
    reason: said.reason,
    at: said.at,
  };
}

/**
 * @param before the complete list that the new one follows
 * @throws SignerError `metadata-invalid`, `reason-missing`, `target-exists`, `too-many-targets`
 */
export function checkWithdrawals(role: string, next: TargetsSigned, before: TargetsSigned | undefined): void {
  const records = next[WITHDRAWN_FIELD] ?? {};
  if (Object.keys(records).length > LIMITS.withdrawalsPerRole) {
    throw new SignerError('too-many-targets', `${role} records more than ${LIMITS.withdrawalsPerRole} withdrawals.`);
  }
  for (const [path, target] of Object.entries(before?.targets ?? {})) {
    if (!Object.hasOwn(next.targets, path)) checkGone(role, path, target, records);
  }
  for (const [path, record] of Object.entries(before?.[WITHDRAWN_FIELD] ?? {})) checkKept(role, path, record, next);
  for (const [path, { reason }] of Object.entries(records)) {
    if (Object.hasOwn(next.targets, path)) throw invalid(role, `lists ${path} and says that it is withdrawn`);
    const known = before && (Object.hasOwn(before.targets, path) || Object.hasOwn(before[WITHDRAWN_FIELD] ?? {}, path));
    if (known !== true) throw invalid(role, `says that ${path} is withdrawn, which it never listed`);
    if (!hasText(reason)) throw new SignerError('reason-missing', `${role} says nothing of why ${path} is withdrawn.`);
  }
}

function checkGone(
  role: string,
  path: string,
  target: TargetEntry,
  records: Readonly<Record<string, Withdrawal>>,
): void {
  const record = Object.hasOwn(records, path) ? records[path] : undefined;
  if (!record) throw invalid(role, `no longer lists ${path}, and does not say that it is withdrawn`);
  if (parseTargetPath(path)?.component === PRODUCT_COMPONENT) {
    throw invalid(role, `withdraws ${path}: what owners were promised stays on record`);
  }
  if (canonicalize(record) !== canonicalize(withdrawalOf(path, target, record))) {
    throw invalid(role, `records ${path} otherwise than it was listed`);
  }
}

/** A record stays as it is, unless the very same bytes come back. */
function checkKept(role: string, path: string, record: Withdrawal, next: TargetsSigned): void {
  const back = Object.hasOwn(next.targets, path) ? next.targets[path] : undefined;
  if (back) {
    if (back.hashes.sha256 === record.sha256) return;
    throw new SignerError('target-exists', `${path} had other bytes before. Give the new image another version.`);
  }
  const now = next[WITHDRAWN_FIELD];
  const same = now && Object.hasOwn(now, path) && canonicalize(now[path]) === canonicalize(record);
  if (same !== true) throw invalid(role, `changes or drops the record of ${path}, which was withdrawn`);
}

function invalid(role: string, what: string): SignerError {
  return new SignerError('metadata-invalid', `The draft of ${role} ${what}.`);
}
