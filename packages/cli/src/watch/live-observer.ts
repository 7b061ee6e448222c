/** A watched rollout on a terminal: bars that stay at the bottom, and above them each decision as it falls. */
import type { RolloutView } from '@tidegate/protocol';
import { countWords, decisionWords } from '../commands/rollout-words.ts';
import { clockTime } from '../print/when.ts';
import type { Terminal } from '../terminal.ts';
import { frame, type Tone } from './frame.ts';
import { liveArea } from './live-area.ts';
import type { Observer } from './observer.ts';

const TONE_OF: Readonly<Record<string, Tone>> = { advance: 'good', complete: 'good', halt: 'bad', stop: 'bad' };

export function liveObserver(terminal: Terminal): Observer {
  const area = liveArea(terminal);
  const lost: { why: string | undefined } = { why: undefined };
  let last: RolloutView | undefined;
  const redraw = () => {
    if (!last) return;
    const size = terminal.size() ?? { columns: 80, rows: 24 };
    area.draw(frame(last, { ...size, now: terminal.now(), lost: lost.why }));
  };
  return {
    seen: rollout => {
      last = rollout;
      redraw();
    },
    decided: decision =>
      area.above({
        text: `${clockTime(new Date(decision.at))}  ${decisionWords(decision)}`,
        tone: TONE_OF[decision.action] ?? 'plain',
      }),
    lost: why => {
      lost.why = why;
      area.above({ text: `${clockTime(terminal.now())}  ${why} Trying again.`, tone: 'bad' });
      redraw();
    },
    back: () => {
      lost.why = undefined;
      area.above({ text: `${clockTime(terminal.now())}  The server is back.`, tone: 'good' });
    },
    ended: ({ state, counts }) => {
      area.keep();
      area.above({ text: `${state}: ${countWords(counts)}`, tone: state === 'completed' ? 'good' : 'bad' });
    },
    close: () => area.keep(),
  };
}
