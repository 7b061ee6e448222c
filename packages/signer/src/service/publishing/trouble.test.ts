import { expect, test } from 'vitest';
import { delayOf } from './trouble.ts';

const since = new Date('2026-03-01T12:00:00Z');
const trouble = { code: 'publication-conflict', message: 'The server has other versions.', since } as const;
const expired = { role: 'p-a-stable', code: 'expired', message: '2.p-a-stable.json expired. Sign anew.' } as const;
const none = { stopped: [], passedOver: [], heldBack: undefined };

test('nothing delays a list that is on its way', () => {
  expect(delayOf('p-a-stable', undefined, undefined)).toBe(undefined);
  expect(delayOf('p-a-stable', undefined, none)).toBe(undefined);
});

test('a fault of the role itself is told to that role alone', () => {
  const outlook = { ...none, passedOver: [expired] };
  expect(delayOf('p-a-stable', trouble, outlook)).toEqual({ code: 'expired', detail: expired.message });
  expect(delayOf('p-b-stable', undefined, outlook)).toBe(undefined);
});

test('what keeps everybody is told to everybody, with what to do', () => {
  expect(delayOf('p-b-stable', trouble, none)).toEqual({
    code: 'publication-conflict',
    detail: expect.stringContaining('stop them'),
  });
  const heldBack = { version: 4, waitsFor: ['p-a-stable'] };
  expect(delayOf('p-b-stable', undefined, { ...none, heldBack })?.detail).toContain('targets 4');
});
