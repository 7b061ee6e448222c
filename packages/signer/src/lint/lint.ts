/**
 * Looks over a set of signed lists and drafts as a reviewer would, and says everything at once that stands against it.
 * The checks before a signature are the same that `sign` makes; what is found beyond them needs several lists, the bytes
 * of the files, the artifacts or the clock. Pure.
 */
import { artifactFindings } from './artifact-lint.ts';
import { deltaFindings } from './delta-lint.ts';
import { type Finding, inOrder } from './finding.ts';
import { holderFindings } from './holder-lint.ts';
import { imagesOf } from './images.ts';
import { keyFindings } from './key-lint.ts';
import { lineFindings } from './line-lint.ts';
import type { LintFacts } from './lint-facts.ts';
import { holdersOf, lintedSet } from './linted-set.ts';
import { listFindings } from './list-lint.ts';
import { pathFindings } from './path-lint.ts';
import { rawFindings } from './raw-lint.ts';
import { selfOfferFindings } from './self-offer-lint.ts';
import { sizeFindings } from './size-lint.ts';
import { snapshotFindings } from './snapshot-lint.ts';
import { timeFindings } from './time-lint.ts';

export function lint(facts: LintFacts): Finding[] {
  const { files, earlier, now, expiryDays, artifacts } = facts;
  const set = lintedSet(files);
  const images = imagesOf(set);
  return inOrder([
    ...files.flatMap(({ role, file, bytes }) => rawFindings(role, file, bytes)),
    ...set.unreadable,
    ...keyFindings(files),
    ...listFindings(set, holdersOf(facts, set), now),
    ...holderFindings(set.targets.planned ?? set.targets.inForce, facts.keys),
    ...sizeFindings(set),
    ...snapshotFindings(set),
    ...pathFindings(set, earlier),
    ...deltaFindings(set),
    ...lineFindings(images),
    ...selfOfferFindings(images),
    ...artifactFindings(set, artifacts),
    ...timeFindings(set, images, expiryDays, now),
  ]);
}
