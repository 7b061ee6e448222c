/**
 * What one report makes of an attempt, and what that adds to the counters. Attempts only move forward, so reports may
 * come twice, late or in any order; the counters always equal a recount of the attempts' rows.
 */
import {
  CODES,
  type Code,
  type CodeWeights,
  isBegun,
  isFinal,
  isProgress,
  isWeighable,
  type RolloutCounts,
  type UpdateState,
} from '@tidegate/protocol';

export type Outcome = 'verified' | 'failed' | 'neutral' | 'refused';

export interface AttemptState {
  readonly state: UpdateState;
  readonly code: Code | null;
  readonly begun: boolean;
  readonly outcome: Outcome | null;
}

/** The part of a report that moves an attempt. */
export interface Word {
  readonly state: UpdateState;
  readonly code?: Code;
  /** From how many sources a refused artifact came. */
  readonly sources?: number;
  /** For `verified`: counter and hash are those of the release. */
  readonly proven: boolean;
}

/** Codes that blame the bytes: one bad mirror is no attack on the release, two that agree are. */
const ARTIFACT_CODES: readonly Code[] = ['artifact-hash', 'artifact-length'];

/** The attempt after the report; undefined where the report changes nothing. @param weights of the rollout's gate */
export function transition(now: AttemptState, word: Word, weights: CodeWeights = {}): AttemptState | undefined {
  if (isMended(now, word)) return { state: 'verified', code: null, begun: true, outcome: 'verified' };
  if (now.outcome !== null || !isProgress(now.state, word.state)) return undefined;
  if (!isFinal(word.state)) {
    return { state: word.state, code: word.code ?? null, begun: now.begun || isBegun(word.state), outcome: null };
  }
  if (word.state === 'verified') {
    // A `verified` with another hash proves that something else runs: it counts against the release.
    return word.proven
      ? { state: 'verified', code: null, begun: true, outcome: 'verified' }
      : { state: 'failed', code: 'internal', begun: true, outcome: 'failed' };
  }
  const code = word.code ?? 'internal';
  const outcome = word.state === 'rolledBack' ? 'failed' : outcomeOf(code, word.sources ?? 1, weights);
  return { state: word.state, code, begun: outcome === 'failed', outcome };
}

/** It failed, the owner asked for one more try, and now it proves that it runs the release: that is what counts. */
function isMended(now: AttemptState, word: Word): boolean {
  return now.outcome === 'failed' && word.state === 'verified' && word.proven;
}

function outcomeOf(code: Code, sources: number, weights: CodeWeights): Outcome {
  switch ((isWeighable(code) ? weights[code] : undefined) ?? CODES[code].weight) {
    case 'counts':
      return 'failed';
    case 'neutral':
      return 'neutral';
    case 'authenticity':
      return ARTIFACT_CODES.includes(code) && sources < 2 ? 'neutral' : 'refused';
  }
}

/** What one attempt adds to each counter. */
export function countsOf(attempt: AttemptState): RolloutCounts {
  return {
    offered: 1,
    begun: Number(attempt.begun),
    verified: Number(attempt.outcome === 'verified'),
    failed: Number(attempt.outcome === 'failed'),
    neutral: Number(attempt.outcome === 'neutral'),
    rolledBack: Number(attempt.state === 'rolledBack'),
    refused: Number(attempt.outcome === 'refused'),
  };
}

export const NO_COUNTS: RolloutCounts = {
  offered: 0,
  begun: 0,
  verified: 0,
  failed: 0,
  neutral: 0,
  rolledBack: 0,
  refused: 0,
};

const COUNTERS = Object.keys(NO_COUNTS) as (keyof RolloutCounts)[];

export function addCounts(a: RolloutCounts, b: RolloutCounts, sign: 1 | -1 = 1): RolloutCounts {
  const sum = { ...a };
  for (const counter of COUNTERS) sum[counter] += sign * b[counter];
  return sum;
}

export function timesCounts(counts: RolloutCounts, factor: number): RolloutCounts {
  const product = { ...counts };
  for (const counter of COUNTERS) product[counter] *= factor;
  return product;
}

/** What a step from one state to another adds to the counters. */
export function countsChange(from: AttemptState, to: AttemptState): RolloutCounts {
  return addCounts(countsOf(to), countsOf(from), -1);
}
