import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DeafSpell, deafSeconds, heardSince } from './deaf-spell.ts';

const at = (seconds: number) => new Date(seconds * 1000);
const spell = (from: number, until: number): DeafSpell => ({ from: at(from), until: at(until) });

describe('time in which the server could hear', () => {
  it('is all of it where it was never deaf', () => {
    expect(heardSince(at(1000), 100, [])).toEqual(at(900));
    expect(deafSeconds(at(0), at(1000), [])).toBe(0);
  });

  it('leaves out what lies in between, and nothing before or after', () => {
    expect(heardSince(at(1000), 100, [spell(920, 950)])).toEqual(at(870));
    expect(heardSince(at(1000), 100, [spell(100, 850)])).toEqual(at(900));
    expect(heardSince(at(1000), 100, [spell(990, 2000)])).toEqual(at(890));
    expect(heardSince(at(1000), 100, [spell(1500, 2000)])).toEqual(at(900));
    expect(heardSince(at(1000), 100, [spell(900, 980), spell(940, 990)])).toEqual(at(810));
  });

  it('is as long as was asked for, however deaf the server was', () => {
    const seconds = fc.nat(2000);
    const spells = fc.array(fc.tuple(seconds, seconds).map(([from, length]) => spell(from, from + length)));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), spells, (asked, deaf) => {
        const now = at(3000);
        const since = heardSince(now, asked, deaf);
        const heard = (now.getTime() - since.getTime()) / 1000 - deafSeconds(since, now, deaf);
        expect(heard).toBeCloseTo(asked, 6);
      }),
    );
  });
});
