/** A hundred thousand devices lose power and come back at once. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { DEFAULT_PLAN, ourPacing, plainPacing, simulateRestart } from './restart.ts';
import { restartFigures } from './restart-figures.ts';
import { restartPlot } from './restart-plot.ts';

const PICTURE = new URL('../../docs/images/fleet-restart.svg', import.meta.url);
const ours = simulateRestart(DEFAULT_PLAN, ourPacing(DEFAULT_PLAN));
const plain = simulateRestart(DEFAULT_PLAN, plainPacing(DEFAULT_PLAN));

test('serves no more than the budget in any second, and all of them within twice the least time', () => {
  const figures = restartFigures(DEFAULT_PLAN, ours);
  // A bucket that was full gives one second's worth on top, once.
  expect(figures.peakServed).toBeLessThanOrEqual(2 * DEFAULT_PLAN.budget);
  expect(ours.served.filter(n => n > DEFAULT_PLAN.budget + 1).length).toBeLessThanOrEqual(2);
  expect(figures.allServedSeconds).toBeLessThanOrEqual(2 * figures.leastSeconds);
});

test('sees no second wave: after the first, requests stay within the budget', () => {
  expect(restartFigures(DEFAULT_PLAN, ours).laterPeak).toBeLessThanOrEqual(DEFAULT_PLAN.budget * 1.2);
  // It is not the plan that forbids one: without pacing it is there.
  expect(restartFigures(DEFAULT_PLAN, plain).laterPeak).toBeGreaterThan(2 * DEFAULT_PLAN.budget);
});

test('is what the documents show: npm run bench -- fleet-restart draws it again', async () => {
  expect(restartPlot(DEFAULT_PLAN, ours, plain)).toBe(await readFile(PICTURE, 'utf8'));
});
