import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contentPath, formatTargetPath, parseTargetPath } from './target-path.ts';

test('reads what it formats', () => {
  const path = { product: 'gw2', channel: 'stable', component: 'app', version: '1.1.0', file: 'app.tar' };
  expect(parseTargetPath(formatTargetPath(path))).toEqual(path);
});

test.each([
  '',
  'a/b/c/d',
  'a/b/c/d/e/f',
  '../b/c/d/e',
  'a/b/c/../e',
  'a/b/c/1/..',
  'a//c/1/e',
  'A/b/c/1/e',
  'a/b/c/1/e\0',
  '1/b/c/1/e',
])('refuses %j as a target path', path => {
  expect(parseTargetPath(path)).toBeUndefined();
});

test('never accepts a path that leaves its folder, whatever the text', () => {
  fc.assert(
    fc.property(fc.string(), text => {
      const parsed = parseTargetPath(text);
      if (parsed) expect(text.split('/')).not.toContain('..');
    }),
  );
});

test('puts the hash before the file name', () => {
  expect(contentPath('gw2/stable/app/1/app.tar', 'ab')).toBe('gw2/stable/app/1/ab.app.tar');
});
