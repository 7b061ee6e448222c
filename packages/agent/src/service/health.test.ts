import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judge, type Observation, type Watch } from './health.ts';

const settings = { url: 'http://127.0.0.1:1/health', intervalSeconds: 1, healthyForSeconds: 3, deadlineSeconds: 10 };

function run(observations: readonly Omit<Observation, 'nowMs'>[]): string {
  let watch: Watch = { sinceMs: 0, deaths: 0, everAnswered: false };
  for (const [second, seen] of observations.entries()) {
    const judged = judge(watch, { ...seen, nowMs: second * 1000 }, settings);
    if (judged.kind !== 'watch') return judged.kind === 'failed' ? judged.code : judged.kind;
    ({ watch } = judged);
  }
  return 'undecided';
}

const up = { answered: true, deaths: 0 };
const down = { answered: false, deaths: 0 };
const times = <T>(n: number, x: T) => Array.from({ length: n }, () => x);

test('is healthy after an unbroken row of answers', () => {
  expect(run([down, ...times(4, up)])).toBe('healthy');
  expect(run([up, up, up, down, up, up, up])).toBe('undecided');
});

test('says why it failed: never answered, never stayed up, not long enough', () => {
  expect(run(times(11, down))).toBe('health-failed');
  expect(run([down, { ...down, deaths: 1 }, { ...down, deaths: 2 }, { ...down, deaths: 3 }])).toBe('boot-failed');
  expect(run([up, ...times(10, down)])).toBe('trial-timeout');
});

test('an answer from another process on the port does not count while ours dies', () => {
  expect(run([0, 1, 2, 3].map(deaths => ({ answered: true, deaths })))).toBe('boot-failed');
});

test('always decides by the deadline', () => {
  const any = fc.array(fc.record({ answered: fc.boolean(), deaths: fc.nat(2) }), { minLength: 11, maxLength: 20 });
  fc.assert(
    fc.property(any, seen => {
      expect(run(seen)).not.toBe('undecided');
    }),
  );
});
