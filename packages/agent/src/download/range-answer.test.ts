import { expect, test } from 'vitest';
import { readRangeAnswer } from './range-answer.ts';

const ASKED = { offset: 40, lengthBytes: 100 };
const range = (text: string, length = '60') => ({ 'content-range': text, 'content-length': length });

test.each([
  ['the rest', 206, range('bytes 40-99/100'), ASKED, { kind: 'body', at: 40 }],
  ['the rest, of an untold whole', 206, range('bytes 40-99/*'), ASKED, { kind: 'body', at: 40 }],
  ['the whole again', 200, { 'content-length': '100' }, ASKED, { kind: 'body', at: 0 }],
  ['the whole, in chunks', 200, {}, ASKED, { kind: 'body', at: 0 }],
  ['another part', 206, range('bytes 0-99/100', '100'), ASKED, { kind: 'restart' }],
  ['a part without its place', 206, {}, ASKED, { kind: 'restart' }],
  ['no such part', 416, {}, ASKED, { kind: 'restart' }],
  ['no such part, though none was asked for', 416, {}, { ...ASKED, offset: 0 }, { kind: 'refused' }],
  ['a part, though none was asked for', 206, range('bytes 0-9/100'), { ...ASKED, offset: 0 }, { kind: 'refused' }],
  ['not found', 404, {}, ASKED, { kind: 'refused' }],
] as const)('%s', (_, status, headers, asked, answer) => {
  expect(readRangeAnswer(status, headers, asked)).toEqual(answer);
});

test.each([
  ['a longer whole', 206, range('bytes 40-199/200', '160')],
  ['more than the rest', 206, range('bytes 40-99/100', '61')],
  ['less than the whole', 200, { 'content-length': '99' }],
])('%s is a lie', (_, status, headers) => {
  expect(readRangeAnswer(status, headers, ASKED)).toMatchObject({ kind: 'length-lie' });
});
