/** What the checks of a list cannot see before it is signed: the draft's bytes as they lie there, and the clock. */
import { SignerError } from '../signer-error.ts';
import type { Store } from '../store/store.ts';
import { hasErrors } from './finding.ts';
import { issuedAt, lintedSet } from './linted-set.ts';
import { rawFindings } from './raw-lint.ts';
import { draftFile, timestampFile } from './repository-facts.ts';
import { clockFindings } from './time-lint.ts';

/** @throws SignerError `draft-unsound` */
export async function checkDraft(store: Store, role: string, now: Date): Promise<void> {
  const [drafts, timestamps] = await Promise.all([draftFile(store, role), timestampFile(store)]);
  const findings = [
    ...drafts.flatMap(({ file, bytes }) => rawFindings(role, file, bytes)),
    ...clockFindings(issuedAt(lintedSet(timestamps)), now),
  ];
  const [first] = findings;
  if (!first || !hasErrors(findings)) return;
  throw new SignerError('draft-unsound', `${first.message} ${first.remedy}`);
}
