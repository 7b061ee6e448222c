import fc from 'fast-check';
import { expect, test } from 'vitest';
import { counterFloor, type Floors, type ListFacts, raiseCounters, raiseLists, requireFloors } from './floors.ts';

const NONE: Floors = { lists: {}, counters: {}, timeMs: 0 };
const SHA256 = 'ab'.repeat(32);

function facts(version: number, keys = ['k1', 'k2'], root = { version: 1, sha256: SHA256 }): ListFacts {
  return { root, lists: { timestamp: { keys, version } } };
}

test('an older list under the same keys, in whatever order they are named, is refused', () => {
  const floors = raiseLists(NONE, facts(7));
  expect(() => requireFloors(floors, facts(6, ['k2', 'k1']))).toThrow('older');
  expect(() => requireFloors(floors, facts(7))).not.toThrow();
});

test('under other keys versions begin anew', () => {
  const floors = raiseLists(NONE, facts(2 ** 31));
  expect(() => requireFloors(floors, facts(3, ['k3']))).not.toThrow();
  expect(raiseLists(floors, facts(3, ['k3'])).lists['timestamp']?.version).toBe(3);
});

test('an older root is refused, and so is another one of the same version', () => {
  const floors = raiseLists(NONE, facts(1, [], { version: 2, sha256: SHA256 }));
  expect(() => requireFloors(floors, facts(1, []))).toThrow('older');
  expect(() => requireFloors(floors, facts(1, [], { version: 2, sha256: 'cd'.repeat(32) }))).toThrow('not the root');
});

test('no order of events lowers a counter', () => {
  const counters = fc.record({ app: fc.nat(1000), mcu: fc.nat(1000) }, { requiredKeys: [] });
  fc.assert(
    fc.property(fc.array(counters), raises => {
      let floors = NONE;
      for (const raise of raises) {
        const before = counterFloor(floors, 'app');
        floors = raiseLists(raiseCounters(floors, raise), facts(1));
        expect(counterFloor(floors, 'app')).toBe(Math.max(before, raise.app ?? 0));
      }
    }),
  );
});

test('names that every object has are no components', () => {
  expect(counterFloor(NONE, 'constructor')).toBe(0);
});
