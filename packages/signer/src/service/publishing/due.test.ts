import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dueStage, isOld } from './due.ts';

const now = new Date('2026-03-01T12:00:00Z');
const refreshSeconds = 3600;
const sha256 = 'a'.repeat(64);
const aged = (ageSeconds: number, version = 7) => ({
  version,
  sha256,
  issuedAt: new Date(now.getTime() - ageSeconds * 1000),
});
const seen = fc.record({
  listsMoved: fc.boolean(),
  unpublished: fc.boolean(),
  timestamp: fc.option(
    fc
      .tuple(fc.integer({ min: -10_000, max: 10_000 }), fc.integer({ min: 1, max: 1e9 }))
      .map(([age, version]) => aged(age, version)),
    { nil: undefined },
  ),
});

test('signs above the newest timestamp whenever lists moved or it is old, else sends what is not out, else rests', () => {
  fc.assert(
    fc.property(seen, state => {
      const due = dueStage({ ...state, now, refreshSeconds });
      const { timestamp, listsMoved, unpublished } = state;
      const aboveTimestamp = timestamp?.version ?? 0;
      if (listsMoved || (timestamp && isOld(timestamp.issuedAt, now, refreshSeconds))) {
        expect(due).toEqual({ stage: 'signing', aboveTimestamp });
      } else if (timestamp && unpublished) {
        expect(due).toEqual({ stage: 'uploading', timestamp: timestamp.version, sha256 });
      } else {
        expect(due).toEqual({ stage: 'idle' });
      }
    }),
  );
});

test.each([
  [3599, false],
  [3600, true],
  [-3600, false],
  [-3601, true],
])('a timestamp of %d seconds is old: %s', (ageSeconds, old) => {
  expect(isOld(aged(ageSeconds).issuedAt, now, refreshSeconds)).toBe(old);
});
