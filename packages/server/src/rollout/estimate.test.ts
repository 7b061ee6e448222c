import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seedId } from '../testing/seed.ts';
import { estimate } from './estimate.ts';

const FLEET = Array.from({ length: 20_000 }, (_, i) => seedId(`device ${i}`)).toSorted();

describe('an estimate', () => {
  it('is exact where the whole fleet was looked at', () => {
    expect(estimate(7, { looked: 100, last: undefined })).toEqual({ devices: 7, margin: 0 });
  });

  it('comes close to the truth from a tenth of the fleet, whatever share of it is meant', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), oneIn => {
        const meant = (id: string) => Number.parseInt(id.slice(-8), 16) % oneIn === 0;
        const sample = FLEET.slice(0, 2000);
        const { devices, margin } = estimate(sample.filter(meant).length, { looked: 2000, last: sample.at(-1) });
        const truth = FLEET.filter(meant).length;
        // Twice the margin of 19 in 20 is as good as never left.
        expect(Math.abs(devices - truth)).toBeLessThanOrEqual(2 * margin);
      }),
    );
  });

  it('does not say «none» for certain where a sample holds none', () => {
    const { devices, margin } = estimate(0, { looked: 2000, last: FLEET[1999] });
    expect(devices).toBe(0);
    expect(margin).toBeGreaterThanOrEqual(30);
  });
});
