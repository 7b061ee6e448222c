import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hypergeometricTail } from './hypergeometric.ts';

function choose(n: number, k: number): bigint {
  if (k < 0 || k > n) return 0n;
  let ways = 1n;
  for (let i = 0; i < k; i += 1) ways = (ways * BigInt(n - i)) / BigInt(i + 1);
  return ways;
}

describe('hypergeometricTail', () => {
  it('agrees with the definition in exact integers', () => {
    const n = fc.nat(40);
    fc.assert(
      fc.property(n, n, n, n, (of, a, b, k) => {
        const [drawn, marked] = [Math.min(a, of), Math.min(b, of)];
        let sum = 0n;
        for (let i = k; i <= of; i += 1) sum += choose(marked, i) * choose(of - marked, drawn - i);
        const exact = Number((sum * 10n ** 15n) / choose(of, drawn)) / 1e15;
        expect(hypergeometricTail(k, { drawn, marked, of })).toBeCloseTo(exact, 9);
      }),
    );
  });

  it('is quick and a probability for the largest samples', () => {
    const tail = hypergeometricTail(300, { drawn: 10_000, marked: 500, of: 20_000 });
    expect(tail).toBeGreaterThan(0);
    expect(tail).toBeLessThan(0.001);
  });
});
