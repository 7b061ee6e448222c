import { expect, test } from 'vitest';
import { isBegun, isFinal, isProgress, UPDATE_STATES } from './states.ts';

test('an update has begun from activating on', () => {
  expect(UPDATE_STATES.filter(isBegun)).toEqual(['activating', 'trial', 'verified', 'rolledBack']);
});

test('a final state stays, and no state goes back', () => {
  for (const now of UPDATE_STATES)
    for (const next of UPDATE_STATES) {
      if (isFinal(now) || UPDATE_STATES.indexOf(next) <= UPDATE_STATES.indexOf(now))
        expect(isProgress(now, next)).toBe(false);
      else expect(isProgress(now, next)).toBe(true);
    }
});
