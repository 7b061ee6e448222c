/** Texts for people in files that people write: one in English, or several by language. */
import { LANGUAGE_PATTERN, type Localized } from '@tidegate/protocol';
import { type Static, Type } from 'typebox';

const Words = Type.String({ minLength: 1, maxLength: 500 });

export const Text = Type.Union([
  Words,
  Type.Record(Type.String({ pattern: LANGUAGE_PATTERN }), Words, { additionalProperties: false, minProperties: 1 }),
]);
export type Text = Static<typeof Text>;

export function asLocalized(text: Text): Localized {
  return typeof text === 'string' ? { en: text } : text;
}
