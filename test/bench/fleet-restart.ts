/**
 * A hundred thousand devices come back from a power cut at once, in virtual time: the most requests in a second after the
 * first wave, against the same without pacing. Draws the picture that the documents show.
 */
import { writeFile } from 'node:fs/promises';
import { DEFAULT_PLAN, ourPacing, plainPacing, simulateRestart } from '../simulation/restart.ts';
import { restartFigures } from '../simulation/restart-figures.ts';
import { restartPlot } from '../simulation/restart-plot.ts';
import { type BenchResult, rounded } from './result.ts';

const PICTURE = new URL('../../docs/images/fleet-restart.svg', import.meta.url);

export async function fleetRestart(): Promise<BenchResult> {
  const ours = simulateRestart(DEFAULT_PLAN, ourPacing(DEFAULT_PLAN));
  const plain = simulateRestart(DEFAULT_PLAN, plainPacing(DEFAULT_PLAN));
  await writeFile(PICTURE, restartPlot(DEFAULT_PLAN, ours, plain));
  const [figures, without] = [restartFigures(DEFAULT_PLAN, ours), restartFigures(DEFAULT_PLAN, plain)];
  process.stderr.write(`${JSON.stringify({ ours: figures, withoutPacing: without })}\n`);
  const most = DEFAULT_PLAN.budget * 1.2;
  return {
    name: 'fleet-restart',
    value: figures.laterPeak,
    unit: 'requests a second after the first wave',
    baseline: without.laterPeak,
    ratio: rounded(figures.laterPeak / without.laterPeak),
    goal: `value <= ${most}, all served within ${2 * figures.leastSeconds} s`,
    pass: figures.laterPeak <= most && figures.allServedSeconds <= 2 * figures.leastSeconds,
  };
}
