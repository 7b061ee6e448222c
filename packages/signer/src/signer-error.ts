/**
 * The one error of this package. `code` is from a closed list, so that scripts and tests can branch on it;
 * the message is a sentence that says what was wrong and what to do about it.
 */
export const SIGNER_CODES = [
  // The call itself.
  'usage',
  'confirmation-missing',
  'repository-missing',
  'repository-exists',
  'repository-busy',
  'payload-invalid',
  'repository-damaged',
  // Names, sizes, descriptions.
  'name-invalid',
  'name-reserved',
  'file-invalid',
  'firmware-invalid',
  'custom-too-large',
  'risk-missing',
  'class-mixed',
  'bundle-invalid',
  'document-invalid',
  'evidence-missing',
  'provenance-refused',
  'requirement-unmet',
  'support-shortened',
  'role-retired',
  'reason-missing',
  'file-unreadable',
  'file-changed',
  'artifact-size',
  'artifact-missing',
  'target-exists',
  'target-unknown',
  'target-needed',
  'version-reused',
  'counter-fixed',
  'counter-not-rising',
  'counter-step',
  'too-many-targets',
  'too-many-roles',
  'metadata-too-large',
  'expiry-invalid',
  // Roles and keys.
  'role-unknown',
  'role-unsigned',
  'role-name-taken',
  'delegation-exists',
  'threshold-invalid',
  'duplicate-key',
  'key-kind',
  'key-exists',
  'key-access',
  'key-file-invalid',
  'key-scheme-unknown',
  'key-type-unknown',
  'key-not-in-role',
  'key-unknown',
  'key-uri-invalid',
  'key-not-found',
  'key-ambiguous',
  'key-denied',
  'key-throttled',
  'key-unreachable',
  'key-timeout',
  'key-tool-missing',
  'key-program-failed',
  'key-answer-invalid',
  'token-missing',
  'pin-missing',
  'pin-wrong',
  'pin-locked',
  'payload-too-large',
  'custody-refused',
  'passphrase-missing',
  'passphrase-weak',
  'passphrase-wrong',
  'signature-invalid',
  'nothing-to-sign',
  'draft-stale',
  'draft-exists',
  'draft-unsound',
  'lint-failed',
  'threshold-not-met',
  // Metadata and publishing.
  'metadata-invalid',
  'version-conflict',
  'expired',
  'verification-failed',
  'insecure-url',
  'network',
  'server-refused',
  'server-answer-invalid',
  'publication-conflict',
  'read-back-differs',
  // The signing service.
  'config-invalid',
  'not-active',
  'token-invalid',
  'token-expired',
  'token-needed',
  'policy-refused',
  'submission-unknown',
  'submission-waiting',
  'submission-state',
  'submissions-full',
  'artifact-unexpected',
  'artifact-hash',
  'artifact-length',
  'disk-full',
  'publication-incomplete',
  'audit-broken',
  'publication-pending',
] as const;

export type SignerCode = (typeof SIGNER_CODES)[number];

/** One fault in a file that people wrote. Line and column count from 1. */
export interface FileFault {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** JSON pointer to what is wrong. */
  readonly path: string;
  readonly message: string;
}

export class SignerError extends Error {
  override readonly name = 'SignerError';
  readonly code: SignerCode;
  /** Every fault of the file, with `file-invalid`. */
  readonly faults: readonly FileFault[] | undefined;

  constructor(
    code: SignerCode,
    message: string,
    options: { cause?: unknown; faults?: readonly FileFault[] | undefined } = {},
  ) {
    super(message, options);
    this.code = code;
    this.faults = options.faults;
  }
}
