import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { nudgeGates } from './gate-nudge.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('judges once for many reports, soon, and once more for those that came while it judged', async () => {
  const judged: string[][] = [];
  const first = Promise.withResolvers<void>();
  const nudge = nudgeGates(async ids => {
    judged.push([...ids]);
    if (judged.length === 1) await first.promise;
  });
  nudge.judgeSoon(['a']);
  nudge.judgeSoon(['b', 'a']);
  nudge.judgeSoon([]);
  await vi.advanceTimersByTimeAsync(200);
  expect(judged).toEqual([['a', 'b']]);
  nudge.judgeSoon(['c']);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(judged).toHaveLength(1);
  first.resolve();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(judged).toEqual([['a', 'b'], ['c']]);
  await nudge.close();
});

test('judges nothing after its end, and ends only when what it began is done', async () => {
  const judged: string[] = [];
  const nudge = nudgeGates(async ids => void judged.push(...ids));
  nudge.judgeSoon(['a']);
  await nudge.close();
  nudge.judgeSoon(['b']);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(judged).toEqual([]);
});
