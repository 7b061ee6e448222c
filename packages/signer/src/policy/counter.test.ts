import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import { checkCounters, decideCounter, type Listed, type Wanted } from './counter.ts';

const wanted = fc.record({
  component: fc.constant('app'),
  version: fc.constantFrom('1', '2', '3', '4', '5', '6'),
  hardware: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
  sha256: fc.constantFrom('x', 'y', 'z'),
  counter: fc.option(fc.integer({ min: 1, max: 5000 }), { nil: undefined }),
});

/** Adds releases one by one, as far as the rule lets them in. */
function history(attempts: readonly (Wanted & { component: string })[]): Listed[] {
  return attempts.reduce<Listed[]>((listed, attempt) => {
    try {
      return [...listed, { ...attempt, counter: decideCounter(listed, attempt) }];
    } catch (error) {
      expect(error).toBeInstanceOf(SignerError);
      return listed;
    }
  }, []);
}

test('whatever is tried, version and counter belong to each other one to one', () => {
  fc.assert(
    fc.property(fc.array(wanted, { maxLength: 30 }), attempts => {
      const listed = history(attempts);
      const pairs = new Set(listed.map(l => `${l.version} ${l.counter}`));
      expect(pairs.size).toBe(new Set(listed.map(l => l.version)).size);
      expect(pairs.size).toBe(new Set(listed.map(l => l.counter)).size);
    }),
  );
});

test('whatever is tried, a new version’s counter rises, by no more than a step', () => {
  fc.assert(
    fc.property(fc.array(wanted, { maxLength: 30 }), attempts => {
      let highest = 0;
      const seen = new Set<string>();
      for (const { version, counter } of history(attempts)) {
        if (seen.has(version)) continue;
        seen.add(version);
        expect(counter).toBeGreaterThan(highest);
        expect(counter - highest).toBeLessThanOrEqual(LIMITS.counterStep);
        highest = counter;
      }
    }),
  );
});

test('whatever is tried, a version has one image for each hardware', () => {
  fc.assert(
    fc.property(fc.array(wanted, { maxLength: 30 }), attempts => {
      const images = new Map<string, string>();
      for (const { version, hardware, sha256 } of history(attempts)) {
        for (const id of hardware) {
          expect(images.get(`${version} ${id}`) ?? sha256).toBe(sha256);
          images.set(`${version} ${id}`, sha256);
        }
      }
    }),
  );
});

test('a promotion keeps the counter although newer versions came since', () => {
  const listed = [
    { component: 'app', version: '1', counter: 1, hardware: ['a'], sha256: 'x' },
    { component: 'app', version: '2', counter: 2, hardware: ['a'], sha256: 'y' },
  ];
  expect(decideCounter(listed, { version: '1', hardware: ['a'], sha256: 'x' })).toBe(1);
});

test('what the rule let in passes the check before signing', () => {
  fc.assert(fc.property(fc.array(wanted, { maxLength: 30 }), attempts => checkCounters(history(attempts))));
});

test('a list written by hand against the rule is not signed', () => {
  const entry: Listed = { component: 'app', version: '1', counter: 1, hardware: ['a'], sha256: 'x' };
  const refused = (code: string) => expect.objectContaining({ code });
  expect(() => checkCounters([entry, { ...entry, version: '2' }])).toThrow(refused('counter-fixed'));
  expect(() => checkCounters([entry, { ...entry, counter: 2 }])).toThrow(refused('counter-fixed'));
  expect(() => checkCounters([entry, { ...entry, sha256: 'y' }])).toThrow(refused('version-reused'));
  expect(() => checkCounters([entry, { ...entry, version: '2', counter: 2000 }])).toThrow(refused('counter-step'));
  checkCounters([entry, { ...entry, component: 'mcu', version: '7' }]);
});
