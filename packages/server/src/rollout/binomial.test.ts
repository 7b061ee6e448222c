import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binomialTail } from './binomial.ts';

/** The definition, in exact integers: sum of C(n, i) a^i (d-a)^(n-i) over d^n. */
function exactTail(k: number, n: number, a: number, d: number): number {
  let sum = 0n;
  let choose = 1n;
  for (let i = 0; i <= n; i += 1) {
    if (i >= k) sum += choose * BigInt(a) ** BigInt(i) * BigInt(d - a) ** BigInt(n - i);
    choose = (choose * BigInt(n - i)) / BigInt(i + 1);
  }
  return Number((sum * 10n ** 30n) / BigInt(d) ** BigInt(n)) / 1e30;
}

describe('binomialTail', () => {
  it('gives the numbers that the design names: 1 of 2 at 0.040, 5 of 50 at 0.003', () => {
    expect(binomialTail(1, 2, 0.02)).toBeCloseTo(0.0396, 4);
    expect(binomialTail(5, 50, 0.02)).toBeCloseTo(0.0032, 4);
  });

  it('agrees with the definition in exact integers', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(60), fc.integer({ min: 0, max: 100 }), (n, k, percent) => {
        expect(binomialTail(k, n, percent / 100)).toBeCloseTo(exactTail(k, n, percent, 100), 11);
      }),
    );
  });

  it('stays a probability and never rises with k, up to a million outcomes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, at) => {
        const k = Math.floor(at * n);
        const here = binomialTail(k, n, 0.02);
        expect(here).toBeGreaterThanOrEqual(0);
        expect(here).toBeLessThanOrEqual(1);
        expect(binomialTail(k + 1, n, 0.02)).toBeLessThanOrEqual(here + 1e-9);
      }),
      { numRuns: 200 },
    );
  });

  it('is near one half at the mean of a million', () => {
    expect(binomialTail(20_000, 1_000_000, 0.02)).toBeCloseTo(0.5, 2);
  });
});
