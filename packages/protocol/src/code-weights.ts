/**
 * Which failures a gate counts against a release, where it is to differ from what the codes say. Neither the alarm over
 * what is not authentic nor silence can be made to mean nothing: the one has thresholds of its own, and a dead device has no
 * other word.
 */
import * as Type from './type.ts';
import { CODE_NAMES, CODES, type Code } from './codes.ts';
import { closed } from './schema.ts';

export const SETTABLE_WEIGHTS = ['counts', 'neutral'] as const;
export type SettableWeight = (typeof SETTABLE_WEIGHTS)[number];

export type WeighableCode = Exclude<
  { [C in Code]: (typeof CODES)[C]['weight'] extends SettableWeight ? C : never }[Code],
  'silent'
>;

export function isWeighable(code: Code): code is WeighableCode {
  return code !== 'silent' && CODES[code].weight !== 'authenticity';
}

export const WEIGHABLE_CODES = CODE_NAMES.filter(isWeighable);

const weight = Type.Optional(Type.Enum([...SETTABLE_WEIGHTS]));
export const CodeWeights = closed(
  Object.fromEntries(WEIGHABLE_CODES.map(code => [code, weight])) as Record<WeighableCode, typeof weight>,
);
export type CodeWeights = Readonly<Partial<Record<WeighableCode, SettableWeight>>>;
