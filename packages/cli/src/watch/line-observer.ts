/** A watched rollout where no terminal is, as in CI: a line for each change. */
import { countWords, decisionWords, phaseWords } from '../commands/rollout-words.ts';
import { say } from '../print/say.ts';
import { localTime } from '../print/when.ts';
import type { Terminal } from '../terminal.ts';
import type { Observer } from './observer.ts';

export function lineObserver(terminal: Terminal): Observer {
  const line = (text: string) => say(terminal, `${localTime(terminal.now().toISOString())}  ${text}`);
  return {
    seen: (rollout, changed) => {
      if (changed) line(`${rollout.name} ${rollout.state}, ${phaseWords(rollout)}: ${countWords(rollout.counts)}`);
    },
    decided: decision => say(terminal, `${localTime(decision.at)}  ${decisionWords(decision)}`),
    lost: why => line(`${why} Trying again.`),
    back: () => line('The server is back.'),
    ended: ({ name, state, counts }) => line(`${name} ${state}: ${countWords(counts)}`),
    close: () => undefined,
  };
}
