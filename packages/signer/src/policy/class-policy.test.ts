import fc from 'fast-check';
import { expect, test } from 'vitest';
import { classFaults, type Classed, isMixed } from './class-policy.ts';

const fixes = [{ id: 'CVE-1', risk: { en: 'Strangers could listen.' } }];
const mixedReason = { en: 'The new codec replaces the flawed one.' };
const codes = (release: Classed) => classFaults(release).map(f => `${f.code} ${f.path}`);

test('security, maintenance and features apart are in order', () => {
  expect(codes({ class: 'security', fixes })).toEqual([]);
  expect(codes({ class: 'maintenance' })).toEqual([]);
  expect(codes({ class: 'maintenance', fixes })).toEqual([]);
  expect(codes({ class: 'feature', addsFeatures: true })).toEqual([]);
});

test('fixes and features together need a reason, whichever class is said', () => {
  expect(codes({ class: 'security', fixes, addsFeatures: true })).toEqual(['class-mixed /mixedReason']);
  expect(codes({ class: 'feature', fixes })).toEqual(['class-mixed /mixedReason']);
  expect(codes({ class: 'feature', fixes, mixedReason: { en: ' ' } })).toEqual(['class-mixed /mixedReason']);
  expect(codes({ class: 'security', fixes, addsFeatures: true, mixedReason })).toEqual([]);
});

test('a class that contradicts what is said, or a reason for nothing, is refused', () => {
  expect(codes({ class: 'feature', addsFeatures: false })).toEqual(['class-mixed /addsFeatures']);
  expect(codes({ class: 'maintenance', addsFeatures: true })).toEqual(['class-mixed /addsFeatures']);
  expect(codes({ class: 'security', fixes, mixedReason })).toEqual(['class-mixed /mixedReason']);
});

test('no mixed release is ever in order without a reason', () => {
  const release = fc.record(
    {
      class: fc.constantFrom<Classed['class']>('security', 'maintenance', 'feature'),
      fixes: fc.constantFrom([], fixes),
      addsFeatures: fc.boolean(),
    },
    { requiredKeys: ['class'] },
  );
  fc.assert(fc.property(release, said => !isMixed(said) || classFaults(said).length > 0));
});
