import { posix } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { entryPath, linkStaysInside } from './entry-path.ts';

test.each(['/etc/passwd', '../x', 'a/../../x', 'a//b', 'a/./b', 'a\\..\\b', 'a\0b', '..', 'x'.repeat(256)])(
  'refuses %j',
  raw => {
    expect(entryPath(raw)).toBeUndefined();
  },
);

test('whatever it lets pass stays below the slot', () => {
  const part = fc.constantFrom('a', 'b', '..', '.', '', '...', 'c d', '/');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), parts => {
      const path = entryPath(parts.join('/'));
      if (path !== undefined) expect(posix.resolve('/slot', path).startsWith('/slot')).toBe(true);
    }),
  );
});

test.each([
  ['current', 'v1/app', true],
  ['lib/x.so', '../lib64/x.so', true],
  ['x', '../outside', false],
  ['lib/x', '../../outside', false],
  ['x', '/etc/passwd', false],
  // `l` may lead to the slot's own root: behind it `..` would leave.
  ['m', 'l/../..', false],
])('link %s to %s: %s', (path, target, allowed) => {
  expect(linkStaysInside(path, target)).toBe(allowed);
});
