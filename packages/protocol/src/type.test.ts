import { Type as Theirs } from 'typebox';
import { expect, test } from 'vitest';
import * as Type from './type.ts';

/** Each word of ours, said with either. */
const SAID: readonly ((t: typeof Type | typeof Theirs) => object)[] = [
  t => t.String(),
  t => t.String({ pattern: '^a$', maxLength: 3, title: 'a' }),
  t => t.Integer({ minimum: 1 }),
  t => t.Number(),
  t => t.Boolean(),
  t => t.Null(),
  t => t.Undefined(),
  t => t.Unknown(),
  t => t.Literal('a'),
  t => t.Literal(1),
  t => t.Literal(false),
  t => t.Enum(['a', 'b']),
  t => t.Union([t.String(), t.Null()]),
  t => t.Array(t.String(), { maxItems: 2 }),
  t => t.Tuple([t.String(), t.Null()]),
  t => t.Object({}),
  t => t.Object({ a: t.Optional(t.String()), b: t.Null() }, { additionalProperties: false }),
  t => t.Record(t.String(), t.Integer()),
  t => t.Record(t.String({ pattern: '^x' }), t.Integer(), { maxProperties: 2 }),
  t => t.Optional(t.Union([t.String(), t.Null()])),
  t => t.Partial(t.Object({ a: t.String(), b: t.Optional(t.Null()) }, { title: 'x' }), { additionalProperties: false }),
];

test('each word says what typebox says by it, to the hidden marks', () => {
  for (const say of SAID) expect(deep(say(Type))).toEqual(deep(say(Theirs)));
});

test('no word is left out of the comparison', () => {
  const compared = SAID.map(String).join('\n');
  for (const word of Object.keys(Type)) expect(compared).toContain(`t.${word}(`);
});

test('an optional field is a copy: what it was made of is as required as before', () => {
  const field = Type.String();
  Type.Optional(field);
  expect(Type.Object({ field })).toMatchObject({ required: ['field'] });
});

/** With the properties that are not enumerable. */
function deep(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(deep);
  const all = Object.entries(Object.getOwnPropertyDescriptors(value));
  const told = all.map(([key, { value: field, enumerable }]) => [key, [enumerable, deep(field)]] as const);
  return Object.fromEntries(told);
}
