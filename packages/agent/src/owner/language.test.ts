import { expect, test } from 'vitest';
import { inLanguage } from './language.ts';

test.each([
  ['de', 'Licht'],
  ['pt-BR', 'luz'],
  ['fr', 'light'],
  ['toString', 'light'],
  [undefined, 'light'],
])('a text is told in the owner’s language, in its base, or in English: %s', (language, told) => {
  expect(inLanguage({ de: 'Licht', en: 'light', pt: 'luz' }, language)).toBe(told);
});

test('a text that is not there in English is told as it is, and none is none', () => {
  expect(inLanguage({ de: 'Licht' }, 'fr')).toBe('Licht');
  expect(inLanguage({}, 'fr')).toBeUndefined();
});
