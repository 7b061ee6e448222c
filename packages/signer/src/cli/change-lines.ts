/** What a draft would change, and under whose signatures, as lines for people. */
import { type Change, changesBetween } from '../diff/change.ts';
import { wordsOf } from '../diff/words.ts';
import type { Candidate } from '../edit/candidate.ts';
import { payloadHash } from '../edit/signature.ts';
import { namesOf, type Quorum, quorumOf } from '../status/holder.ts';

export interface ShownDraft {
  readonly role: string;
  readonly version: number;
  readonly payloadSha256: string;
  /** False where the list before could not be proved: then everything is told, as of a first version. */
  readonly compared: boolean;
  readonly changes: readonly Change[];
  readonly words: readonly string[];
  readonly quorums: readonly Quorum[];
}

export function shownDraft({ role, envelope, ground, comparedWith, rules, context }: Candidate): ShownDraft {
  const changes = changesBetween(comparedWith, envelope.signed);
  return {
    role,
    version: envelope.signed.version,
    payloadSha256: payloadHash(envelope.signed),
    compared: comparedWith !== undefined || ground.previous === undefined,
    changes,
    words: wordsOf(changes, context),
    quorums: rules.map(rule => quorumOf(rule, envelope, context.keys)),
  };
}

export function draftText({ role, version, payloadSha256, compared, words, quorums }: ShownDraft): string {
  return [
    `${role} version ${version}, payload ${payloadSha256}`,
    ...(compared ? [] : ['  The list before it is not proved by this file: all that the draft holds is shown.']),
    ...words.map(line => `  ${line}`),
    ...quorums.map(q => `  ${q.threshold} must sign by the keys of ${q.of}: ${namesOf([...q.signed, ...q.open])}`),
    '',
  ].join('\n');
}
