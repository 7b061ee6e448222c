import fc from 'fast-check';
import { minimatch as theirs } from 'minimatch';
import { expect, test } from 'vitest';
import { minimatch as ours } from './minimatch.ts';

/** A part of a path, and what TUF allows in a pattern of it (4.5): names, * and ?. */
const part = fc.string({ unit: fc.constantFrom('a', 'b', '1', '.', '-', '_', '+', 'ü'), minLength: 1, maxLength: 6 });
const pattern = fc.string({
  unit: fc.constantFrom('a', 'b', '.', '-', '+', '*', '?', 'ü'),
  minLength: 1,
  maxLength: 6,
});

test('matches the parts of targets’ paths as the package does that it stands in for', () => {
  fc.assert(
    fc.property(part, pattern, (path, glob) => {
      expect(ours(path, glob)).toBe(theirs(path, glob));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['stable', 'stable', true],
  ['stable', '*', true],
  ['stable', 'beta', false],
  ['', '*', false],
  ['stable', '!beta', false],
  ['1.2.0', '1.?.0', true],
])('%s against %s', (path, glob, isMatch) => {
  expect(ours(path, glob)).toBe(isMatch);
});
