import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binomialTail } from './binomial.ts';
import { dueLook, levelAt, type Spending } from './looks.ts';

/** The fixed counts up to `n`, found as the gate finds them: outcome by outcome. */
function looks(n: number): number[] {
  const found: number[] = [];
  for (let outcomes = 1; outcomes <= n; outcomes += 1) {
    const look = dueLook(found.at(-1) ?? 0, outcomes);
    if (look !== undefined) found.push(look);
  }
  return found;
}

/** Exactly how likely it is that one of the looks up to `n` halts, by every way that the failures may fall. */
function chanceOfHalt(spending: Spending, rate: number, n: number): number {
  let ways = [1];
  let [before, halted] = [0, 0];
  for (const look of looks(n)) {
    for (let i = before; i < look; i += 1) {
      ways = [...ways, 0].map((way, failed) => way * (1 - rate) + (ways[failed - 1] ?? 0) * rate);
    }
    before = look;
    const level = levelAt(spending, look);
    for (const [failed, way] of ways.entries()) {
      if (failed < spending.minFailures || binomialTail(failed, look, spending.allowedRate) > level) continue;
      halted += way;
      ways[failed] = 0;
    }
  }
  return halted;
}

const usual: Spending = { chance: 0.05, allowedRate: 0.02, minFailures: 3 };

describe('the looks', () => {
  it('stand at fixed counts that widen', () => {
    expect(looks(100)).toEqual([3, 5, 8, 12, 18, 27, 41, 62, 93]);
    expect([dueLook(0, 2), dueLook(0, 50), dueLook(41, 50), dueLook(41, 62)]).toEqual([undefined, 41, undefined, 62]);
  });

  it('are taken once each: the last one, when nobody is left to wait for, stands for the next', () => {
    expect([dueLook(0, 50, true), dueLook(41, 50, true), dueLook(62, 50, true)]).toEqual([41, 62, undefined]);
    expect([dueLook(0, 2, true), dueLook(3, 2, true)]).toEqual([3, undefined]);
  });

  it('together halt a release that fails exactly as often as it may no more often than the chance they were given', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 0.2, noNaN: true }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        fc.integer({ min: 1, max: 10 }),
        (chance, allowedRate, minFailures) => {
          expect(chanceOfHalt({ chance, allowedRate, minFailures }, allowedRate, 400)).toBeLessThanOrEqual(chance);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('find one that fails twice as often in a thousand devices, nearly always', () => {
    expect(chanceOfHalt(usual, 0.02, 1100)).toBeLessThan(0.05);
    expect(chanceOfHalt(usual, 0.04, 1100)).toBeGreaterThan(0.8);
    expect(chanceOfHalt(usual, 0.1, 100)).toBeGreaterThan(0.8);
  });

  it('halt 5 of 50 and let 1 of 2 go on, with a chance of one in thirty', () => {
    const level = levelAt({ ...usual, chance: 1 / 30 }, 41);
    expect(binomialTail(5, 50, 0.02)).toBeLessThan(level);
    expect(binomialTail(1, 2, 0.02)).toBeGreaterThan(levelAt(usual, 3));
  });
});
