/**
 * What of the device's reports is kept, and in which order it goes. Pure. When room is short the oldest progress goes
 * first; an update's end is never dropped. The same news of the same attempt is told once.
 */
import { isFinal, LIMITS, Report } from '@tidegate/protocol';
import type { Static } from 'typebox';
import * as Type from '@tidegate/protocol/type';

export const PENDING_MAX = 200;
/** A hostile server can provoke refusals without end: beyond this only the device's own security log takes them. */
export const REFUSALS_MAX = 100;
const KNOWN_MAX = 400;

const Queued = Type.Object({
  report: Report,
  /** `refusal`: ended before anything on the device was touched. */
  weight: Type.Enum(['progress', 'refusal', 'outcome']),
});
export const OutboxState = Type.Object({
  pending: Type.Array(Queued),
  /** Keys of what was queued before, newest last. */
  known: Type.Array(Type.String()),
});
export type OutboxState = Static<typeof OutboxState>;
export type Weight = 'progress' | 'refusal' | 'outcome';

export const EMPTY_OUTBOX: OutboxState = { pending: [], known: [] };

/** One report per (rollout, attempt, state, code); what belongs to no rollout once a day. */
export function reportKey(report: Report): string {
  const place = report.rolloutId ?? `${report.at.slice(0, 10)} ${report.target ?? ''}`;
  return [place, report.attempt ?? 0, report.state, report.code ?? ''].join(' ');
}

/** @returns the same object where the report brings nothing new or finds no room */
export function enqueue(state: OutboxState, report: Report, refusal: boolean): OutboxState {
  const key = reportKey(report);
  if (state.known.includes(key)) return state;
  const weight: Weight = refusal ? 'refusal' : isFinal(report.state) ? 'outcome' : 'progress';
  if (weight === 'refusal' && state.pending.filter(q => q.weight === 'refusal').length >= REFUSALS_MAX) return state;
  const known = [...state.known, key].slice(-KNOWN_MAX);
  const pending = [...state.pending, { report, weight }];
  return { known, pending: pending.length > PENDING_MAX ? withoutOldestProgress(pending) : pending };
}

function withoutOldestProgress(pending: OutboxState['pending']): OutboxState['pending'] {
  const oldest = pending.findIndex(q => q.weight === 'progress');
  return oldest === -1 ? pending : pending.toSpliced(oldest, 1);
}

export function acknowledge(state: OutboxState, ids: readonly string[]): OutboxState {
  return { ...state, pending: state.pending.filter(q => !ids.includes(q.report.id)) };
}

/** What fits into one request, oldest first. */
export function nextBatch(state: OutboxState): Report[] {
  return state.pending.slice(0, LIMITS.reportsPerRequest).map(q => q.report);
}
