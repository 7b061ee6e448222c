import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clean, jsonText } from './clean.ts';

const ATTACKS = [
  '\u001b[2J',
  '\u009b31m',
  '\u0007',
  '\r',
  '\n',
  '\u202e',
  '\u2066',
  '\u200b',
  '\u2028',
  '\ud800',
  '\u007f',
];

test('shows what would steer a terminal as its number', () => {
  expect(clean('site \u001b[2Jnorth\u202e')).toBe('site \\u{1b}[2Jnorth\\u{202e}');
  expect(clean('Zürich 北京 ✓')).toBe('Zürich 北京 ✓');
});

test('leaves nothing that steers in any text, and changes no text twice', () => {
  const text = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...ATTACKS))).map(p => p.join(''));
  fc.assert(
    fc.property(text, given => {
      expect(clean(given)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      expect(clean(clean(given))).toBe(clean(given));
    }),
  );
});

test('escapes the same in JSON without losing any of it', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...ATTACKS)), given => {
      expect(jsonText({ given })).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      expect(JSON.parse(jsonText({ given }))).toEqual({ given });
    }),
  );
});
