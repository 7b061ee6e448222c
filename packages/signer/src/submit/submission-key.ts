/**
 * The idempotency key of a submission: the same work on the same list in force has the same one, however often it runs.
 * When the list moves on, or a submission was refused, the next one has another.
 */
import { hash } from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';
import type { MadeList } from './submit-list.ts';

/** @param turn how many submissions of this work on this list were refused before */
export function submissionKey({ role, asked }: MadeList, baseVersion: number, turn: number): string {
  return hash('sha256', canonicalize({ role, asked, baseVersion, turn }), 'hex');
}
