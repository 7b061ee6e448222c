import { expect, test } from 'vitest';
import { EXIT } from '../exit-code.ts';
import { pathWords, refusalOf } from './refusal.ts';

const url = new URL('https://updates.example');

function refusal(status: number, problem: unknown, mediaType = 'application/problem+json') {
  return refusalOf({ status, mediaType, body: Buffer.from(JSON.stringify(problem)) }, url);
}

test.each([
  [400, EXIT.usage],
  [401, EXIT.notAllowed],
  [403, EXIT.notAllowed],
  [404, EXIT.conflict],
  [409, EXIT.conflict],
  [413, EXIT.usage],
  [422, EXIT.usage],
  [500, EXIT.failed],
  [503, EXIT.unreachable],
  [507, EXIT.failed],
  [302, EXIT.failed],
])('sorts %d by what a script does next', (status, exit) => {
  expect(refusal(status, { code: 'some-code' }).exit).toBe(exit);
  expect(refusal(status, '<html>', 'text/html').exit).toBe(exit);
});

test('tells the detail, its place in words, and what to do', () => {
  const wrong = refusal(422, { code: 'phases-not-growing', detail: 'each phase must grow', path: '/phases/1' });
  expect(wrong).toMatchObject({ code: 'phases-not-growing', path: '/phases/1' });
  expect(wrong.message).toBe('Each phase must grow (at phases, entry 2).');
  expect(refusal(401, { code: 'unauthenticated', detail: 'an API token is needed' }).message).toContain(
    'tidegate login',
  );
});

test('takes a code that it does not know from a newer server, and none that is no code', () => {
  expect(refusal(409, { code: 'tide-is-out', detail: 'wait' })).toMatchObject({ code: 'tide-is-out' });
  expect(refusal(409, { code: '\u001b[2J', detail: 'wait' })).toMatchObject({ code: 'http-409' });
  expect(refusal(502, 'Bad Gateway', 'text/html')).toMatchObject({ code: 'http-502' });
});

test('puts a pointer into words', () => {
  expect(pathWords('/gate/successShare')).toBe('at gate, successShare');
  expect(pathWords('/attributes/a~1b/0')).toBe('at attributes, a/b, entry 1');
});
