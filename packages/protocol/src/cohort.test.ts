import fc from 'fast-check';
import { expect, test } from 'vitest';
import { COHORTS, cohort, scheduleSalt } from './cohort.ts';

test.each([
  ['0'.repeat(32), '0'.repeat(32), 405],
  ['0123456789abcdef0123456789abcdef', '00112233445566778899aabbccddeeff', 3122],
  ['f'.repeat(32), 'fedcba9876543210fedcba9876543210', 8544],
])('keeps to the published vector: salt %s, device %s, cohort %i', (salt, device, expected) => {
  expect(cohort(salt, device)).toBe(expected);
});

test('spreads devices evenly and differently for each salt', () => {
  const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(hex, salt => {
      const places = Array.from({ length: 2000 }, (_, i) => cohort(salt, i.toString(16).padStart(32, '0')));
      const mean = places.reduce((a, b) => a + b, 0) / places.length;
      expect(Math.min(...places)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...places)).toBeLessThan(COHORTS);
      // Six standard errors of the mean of a uniform distribution: the test never fails by chance.
      expect(Math.abs(mean - (COHORTS - 1) / 2)).toBeLessThan((6 * COHORTS) / Math.sqrt(12 * places.length));
    }),
    { numRuns: 20 },
  );
});

test('the salt of a schedule comes from the path of its target alone', () => {
  expect(scheduleSalt('gw2/stable/app/1.0.0/app.tar')).toBe('a4695e8f183a75f3229070d6cb08bd7e');
});
