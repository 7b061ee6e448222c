import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventLines } from './event-lines.ts';

const stream =
  'retry: 30000\n\n:\n\nevent: check-in\ndata: {"withinSeconds":2}\n\n: comment\nevent: other\ndata:x\nid: 7\n\n';
const events = [
  { kind: 'retry', ms: 30_000 },
  { kind: 'event', name: 'check-in', data: '{"withinSeconds":2}' },
  { kind: 'event', name: 'other', data: 'x' },
];

test('reads the same events however the text is cut, but for line ends of two characters', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 })), cuts => {
      const read = eventLines();
      const found: unknown[] = [];
      let rest = stream;
      for (const cut of cuts) {
        found.push(...read(rest.slice(0, cut)));
        rest = rest.slice(cut);
      }
      expect([...found, ...read(rest)]).toEqual(events);
    }),
  );
});

test('refuses a line without end, and makes nothing of what it does not know', () => {
  expect(() => eventLines()('x'.repeat(5000))).toThrow(RangeError);
  expect(eventLines()('retry: soon\nnonsense\ndata\n\nevent: e\n\n')).toEqual([]);
});
