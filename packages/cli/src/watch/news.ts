/** What is new at a look at a rollout. Pure. */
import type { GateDecision, RolloutView } from '@tidegate/protocol';

/** Decisions that were not there at the look before. The server shows the last hundred: where the known ones are gone, all are new. */
export function newDecisions(before: RolloutView | undefined, now: RolloutView): readonly GateDecision[] {
  const last = before?.decisions.at(-1);
  if (!last) return now.decisions;
  const known = now.decisions.findLastIndex(
    d => d.at === last.at && d.phase === last.phase && d.action === last.action && d.reason === last.reason,
  );
  return now.decisions.slice(known + 1);
}

export function isChanged(before: RolloutView | undefined, now: RolloutView): boolean {
  if (!before) return true;
  const { state, openPhase, phaseCounts } = now;
  return (
    state !== before.state ||
    openPhase !== before.openPhase ||
    JSON.stringify(phaseCounts) !== JSON.stringify(before.phaseCounts)
  );
}
