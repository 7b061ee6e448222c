/** What a watched rollout looks like at one moment: a bar for each phase. Pure. */
import type { RolloutCounts, RolloutView } from '@tidegate/protocol';
import { atWork, countWords, isUnderWay, stateWords } from '../commands/rollout-words.ts';
import { phaseText } from '../command.ts';
import { spanWords } from '../print/when.ts';

export type Tone = 'plain' | 'good' | 'bad' | 'dim' | 'strong';

export interface StyledLine {
  readonly text: string;
  readonly tone: Tone;
}

interface Surroundings {
  readonly columns: number;
  readonly rows: number;
  readonly now: Date;
  /** Why the server does not answer, while it does not. */
  readonly lost: string | undefined;
}

/** Lines that are no phases, with room for what scrolls above. */
const OTHER_ROWS = 6;

export function frame(rollout: RolloutView, around: Surroundings): StyledLine[] {
  const { state, name, target, notBefore, endedAt } = rollout;
  const until = endedAt === null ? around.now.getTime() : Date.parse(endedAt);
  const age = spanWords((until - Date.parse(notBefore)) / 1000);
  const begun = Date.parse(notBefore) <= around.now.getTime();
  const words = begun ? `${state} ${endedAt === null ? 'for' : 'after'} ${age}` : stateWords(rollout, around.now);
  const phases = rollout.phases.map((_, i) => phaseLine(rollout, i, around.columns));
  return [
    { text: '', tone: 'plain' },
    { text: `${name}: ${words}`, tone: isUnderWay(rollout) || state === 'completed' ? 'strong' : 'bad' },
    { text: target, tone: 'dim' },
    ...window(phases, rollout.openPhase, Math.max(3, around.rows - OTHER_ROWS)),
    { text: footer(rollout, around.lost), tone: around.lost === undefined ? 'dim' : 'bad' },
  ];
}

function footer(rollout: RolloutView, lost: string | undefined): string {
  if (lost !== undefined) return 'The server does not answer; trying again. Ctrl-C leaves.';
  if (isUnderWay(rollout)) return '# verified  x failed  - under way   Ctrl-C leaves; the rollout goes on.';
  return '# verified  x failed  - not ended';
}

/** So many lines around the one that matters, with a word on those left out. */
function window(lines: readonly StyledLine[], at: number, most: number): StyledLine[] {
  if (lines.length <= most) return [...lines];
  const room = most - 1;
  const from = Math.min(Math.max(0, at - Math.floor(room / 2)), lines.length - room);
  return [...lines.slice(from, from + room), { text: `  … and ${lines.length - room} more phases`, tone: 'dim' }];
}

function phaseLine(rollout: RolloutView, index: number, columns: number): StyledLine {
  const counts = rollout.phaseCounts[index];
  const share = phaseText(rollout.phases[index] ?? {}).padStart(7);
  const { mark, word, tone } = standing(rollout, index);
  const told = counts && counts.offered > 0 ? countWords(counts).replace(/ offered$/, '') : '';
  const width = columns >= 100 ? 30 : 16;
  return { text: `${mark} ${share} [${bar(counts, width)}] ${word.padEnd(7)} ${told}`.trimEnd(), tone };
}

function standing({ state, openPhase }: RolloutView, index: number): { mark: string; word: string; tone: Tone } {
  if (state === 'completed' || index < openPhase) return { mark: '✓', word: 'passed', tone: 'good' };
  if (index > openPhase) return { mark: ' ', word: 'waits', tone: 'dim' };
  if (state === 'awaiting-approval') return { mark: ' ', word: 'waits', tone: 'dim' };
  if (state === 'running') return { mark: '▸', word: 'open', tone: 'strong' };
  return { mark: state === 'paused' ? '=' : '✗', word: state, tone: state === 'paused' ? 'plain' : 'bad' };
}

/**
 * Shares of the devices that were offered the release: verified, failed or refused, under way; ended for reasons of their
 * own stays empty. What is there at all shows as one mark at least, so one failure among thousands is seen.
 */
export function bar(counts: RolloutCounts | undefined, width: number): string {
  if (!counts || counts.offered <= 0) return ' '.repeat(width);
  const cells = (n: number) => (n <= 0 ? 0 : Math.max(1, Math.floor((width * n) / counts.offered)));
  const bad = Math.min(width, cells(counts.failed + counts.refused));
  const good = Math.min(width - bad, cells(counts.verified));
  const working = Math.min(width - bad - good, cells(atWork(counts)));
  return ('#'.repeat(good) + 'x'.repeat(bad) + '-'.repeat(working)).padEnd(width);
}
