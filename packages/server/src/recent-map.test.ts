import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recentMap } from './recent-map.ts';

test('never holds more than its capacity, and always what was used among the last half of it', () => {
  const keys = fc.array(fc.integer({ min: 0, max: 60 }).map(String), { maxLength: 400 });
  fc.assert(
    fc.property(keys, fc.integer({ min: 2, max: 40 }), (used, capacity) => {
      const map = recentMap<string>(capacity);
      const lately: string[] = [];
      for (const key of used) {
        if (map.get(key) === undefined) map.set(key, `value of ${key}`);
        if (lately.includes(key)) lately.splice(lately.indexOf(key), 1);
        lately.push(key);
        expect(map.size()).toBeLessThanOrEqual(capacity);
      }
      for (const key of lately.slice(-Math.floor(capacity / 2))) expect(map.get(key)).toBe(`value of ${key}`);
    }),
  );
});

test('takes a million different keys in a moment, however many were dropped before', () => {
  const map = recentMap<number>(100_000);
  for (let i = 0; i < 1_000_000; i++) map.set(`key ${i}`, i);
  expect(map.size()).toBeGreaterThanOrEqual(50_000);
  expect([map.get('key 999999'), map.get('key 0')]).toEqual([999_999, undefined]);
});
