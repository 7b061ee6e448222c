/** Findings for people, and the error that decides the exit code. */
import { type Finding, hasErrors } from '../lint/finding.ts';
import { SignerError } from '../signer-error.ts';

export function findingLines(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'Nothing was found.\n';
  return findings.map(f => `${f.severity} ${f.code}: ${f.message}\n  ${f.remedy}\n`).join('');
}

/** @param strict warnings count as errors. @throws SignerError `lint-failed` */
export function complain(findings: readonly Finding[], strict: boolean): void {
  const warnings = findings.filter(f => f.severity === 'warning').length;
  const errors = findings.length - warnings;
  if (!hasErrors(findings) && !(strict && warnings > 0)) return;
  throw new SignerError('lint-failed', `${errors} error(s) and ${warnings} warning(s) were found.`);
}
