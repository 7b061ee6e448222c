import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Asked, admit } from './admission.ts';
import { phaseProgress, ratePerMinute } from './pace.ts';

const START = Date.parse('2026-01-01T00:00:00Z');

function asked(more: Partial<Asked> = {}): Asked {
  return {
    isNew: true,
    admitted: 0,
    places: undefined,
    nextAt: new Date(START),
    ratePerMinute: undefined,
    atWork: 0,
    atWorkMost: undefined,
    downloading: 0,
    downloadingMost: undefined,
    now: new Date(START),
    ...more,
  };
}

/** Times at which devices come, in milliseconds, rising. */
const arrivals = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 90_000 })), { maxLength: 200 })
  .map(gaps => gaps.reduce<number[]>((times, gap) => [...times, (times.at(-1) ?? START) + gap], []));

/** Which of them are let in. */
function letIn(times: readonly number[], more: Partial<Asked>): number[] {
  const inside: number[] = [];
  let nextAt = new Date(START);
  for (const time of times) {
    const verdict = admit(asked({ ...more, admitted: inside.length, nextAt, now: new Date(time) }));
    if (verdict.kind === 'wait') continue;
    inside.push(time);
    nextAt = verdict.nextAt;
  }
  return inside;
}

describe('an admission', () => {
  it('is not kept shut by a time that was written before the clock was set back', () => {
    const now = new Date(START);
    const hence = (seconds: number) => new Date(START + seconds * 1000);
    expect(admit(asked({ ratePerMinute: 60, now, nextAt: hence(3600) })).kind).toBe('in');
    expect(admit(asked({ ratePerMinute: 60, now, nextAt: hence(1) })).kind).toBe('wait');
    expect(admit(asked({ ratePerMinute: 1, now, nextAt: hence(60) })).kind).toBe('wait');
  });

  it('never lets more than the ceiling in within any minute, however devices come', () => {
    fc.assert(
      fc.property(arrivals, fc.integer({ min: 1, max: 300 }), (times, rate) => {
        const inside = letIn(times, { ratePerMinute: rate });
        for (const from of inside) {
          expect(inside.filter(t => t >= from && t < from + 60_000).length).toBeLessThanOrEqual(rate);
        }
      }),
    );
  });

  it('never lets more in than the phase has places, and all of them where nothing else is asked', () => {
    fc.assert(
      fc.property(arrivals, fc.integer({ min: 0, max: 50 }), (times, places) => {
        expect(letIn(times, { places })).toEqual(times.slice(0, places));
      }),
    );
  });

  it('waits while as many are at work, or download, as may be, also for one that asks for its place again', () => {
    for (const full of [
      { atWork: 3, atWorkMost: 3 },
      { downloading: 3, downloadingMost: 3 },
    ]) {
      expect([admit(asked(full)).kind, admit(asked({ ...full, isNew: false })).kind]).toEqual(['wait', 'wait']);
    }
    expect(admit(asked({ atWork: 2, atWorkMost: 3, downloading: 4, downloadingMost: 5 })).kind).toBe('in');
  });

  it('takes no place of the count or the rate for a device that was let in before', () => {
    const nextAt = new Date(START + 5000);
    const again = asked({ isNew: false, admitted: 5, places: 5, ratePerMinute: 1, nextAt });
    expect(admit(again)).toEqual({ kind: 'in', nextAt });
  });

  it('is asked again within a second, so that nobody waits for what has changed since', () => {
    fc.assert(
      fc.property(
        fc.record({ places: fc.nat(3), admitted: fc.nat(6), wait: fc.integer({ max: 90_000, min: 0 }) }),
        s => {
          const nextAt = new Date(START + s.wait);
          const verdict = admit(asked({ places: s.places, admitted: s.admitted, nextAt, ratePerMinute: 10 }));
          const at = verdict.kind === 'wait' ? verdict.until.getTime() : START + 1;
          expect(at).toBeGreaterThan(START);
          expect(at).toBeLessThanOrEqual(START + 1000);
        },
      ),
    );
  });
});

describe('a pace', () => {
  const ramp = { devicesPerMinute: 10, growth: 20_000, verified: 50 };

  it('grows with verified devices alone, and never beyond the ceiling', () => {
    expect([0, 49, 50, 100, 150].map(n => ratePerMinute({ ramp }, n))).toEqual([10, 10, 20, 40, 80]);
    expect(ratePerMinute({ ramp, devicesPerMinute: 30 }, 1000)).toBe(30);
    fc.assert(
      fc.property(fc.nat(10_000_000), fc.nat(10_000_000), (a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        const slow = ratePerMinute({ ramp }, less) ?? Number.NaN;
        const fast = ratePerMinute({ ramp }, more) ?? Number.NaN;
        expect(Number.isFinite(fast) && slow <= fast).toBe(true);
      }),
    );
  });

  it('comes evenly over its time, from nobody to everybody', () => {
    const at = (seconds: number) =>
      phaseProgress({ overSeconds: 100 }, new Date(START), new Date(START + seconds * 1000));
    expect([-5, 0, 25, 100, 500].map(at)).toEqual([0, 0, 0.25, 1, 1]);
    expect(phaseProgress({}, new Date(START), new Date(START))).toBe(1);
  });
});
