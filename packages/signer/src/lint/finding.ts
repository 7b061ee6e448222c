/**
 * What lint and doctor find: a code from a closed list, how bad it is, where it is, what is wrong and what to do. Errors
 * are what devices, the server or a later signature would trip over; warnings are for people to judge.
 */
import { SignerError, type SignerCode } from '../signer-error.ts';

/** Found by looking at several things at once, where nothing is refused yet. */
export const LINT_CODES = [
  // The bytes of a file.
  'not-utf8',
  'number-not-whole',
  'number-too-large',
  'name-twice',
  'name-reordered',
  'text-not-unicode',
  'nested-too-deep',
  // Keys and who holds them.
  'key-twice',
  'key-holder-unknown',
  'stable-by-one',
  // Lists.
  'role-stray',
  'expires-soon',
  'expiry-far',
  'nearly-full',
  'snapshot-lags',
  // Releases.
  'features-lost',
  'promotion-blocked',
  'self-offer-soon',
  'schedule-partial',
  'schedule-missing',
  'stone-not-offered',
  'path-changed',
  'delta-without-image',
  'delta-base-unlisted',
  'artifact-differs',
  'artifact-orphaned',
  // Time.
  'clock-behind',
  'released-in-future',
] as const;

export type FindingCode = SignerCode | (typeof LINT_CODES)[number];

export interface Finding {
  readonly code: FindingCode;
  readonly severity: 'error' | 'warning';
  readonly role?: string;
  /** Of a target, or within a file (a JSON pointer). */
  readonly path?: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** Runs a check; what it throws becomes a finding. Anything but a SignerError is a fault of this program. */
export function found(check: () => void, where: Pick<Finding, 'role' | 'path' | 'remedy'>): Finding[] {
  try {
    check();
    return [];
  } catch (error) {
    if (!(error instanceof SignerError)) throw error;
    return [{ code: error.code, severity: 'error', ...where, message: error.message }];
  }
}

/** Each once, errors first. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  const once = new Map(findings.map(f => [`${f.code} ${f.role} ${f.path} ${f.message}`, f]));
  return [...once.values()].toSorted((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'));
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(f => f.severity === 'error');
}
