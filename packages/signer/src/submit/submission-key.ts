/**
 * The idempotency key of a build's submission: the same build on the same list in force has the same one, however often it
 * runs. When the list moves on, or a submission was refused, the next one has another.
 */
import { hash } from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';
import type { ReleaseResult } from '../edit/release.ts';

/** @param turn how many submissions of this build on this list were refused before */
export function submissionKey(release: ReleaseResult, baseVersion: number, turn: number): string {
  const { role, path, sha256, firmware } = release;
  // When it was made differs from run to run; what it is does not.
  const { releasedAt: _at, ...described } = firmware;
  return hash('sha256', canonicalize({ role, path, sha256, described, baseVersion, turn }), 'hex');
}
