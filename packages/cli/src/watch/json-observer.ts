/** A watched rollout for programs: one JSON object a line. */
import { jsonText } from '../print/clean.ts';
import type { Terminal } from '../terminal.ts';
import type { Observer } from './observer.ts';

export function jsonObserver(terminal: Terminal): Observer {
  const line = (event: string, rest: object) =>
    terminal.out(`${jsonText({ event, at: terminal.now().toISOString(), ...rest })}\n`);
  return {
    seen: ({ id, state, openPhase, counts, phaseCounts }, changed) => {
      if (changed) line('progress', { rolloutId: id, state, openPhase, counts, phaseCounts });
    },
    decided: ({ at: decidedAt, ...decision }, { id }) => line('decision', { rolloutId: id, ...decision, decidedAt }),
    lost: why => line('lost', { why }),
    back: () => line('back', {}),
    ended: rollout => line('ended', { rollout }),
    close: () => undefined,
  };
}
