import { expect, test } from 'vitest';
import { type Clock, systemClock } from '../clock.ts';
import { targetFor } from '../install/test-target.ts';
import { verdictOn } from './permission.ts';
import type { Update } from './state.ts';

const update: Update = {
  attempt: 1,
  component: 'app',
  pollDuringUpdateSeconds: 120,
  target: targetFor(Buffer.from('app'), { component: 'app', format: 'file', file: 'app.bin' }),
};

/** Each look at it finds that time went on, as it may on a real device. */
function goingClock(): Clock {
  let nowMs = Date.parse('2026-11-28T10:45:46Z');
  return { ...systemClock, now: () => (nowMs += 1) };
}

test('a device without windows waits for none, however the clock goes on while it is asked', () => {
  const deps = {
    settings: { get: () => ({ automatic: true }) },
    attempts: { find: () => undefined },
    clock: goingClock(),
  };
  expect(verdictOn(deps, update, 'install')).toEqual({ kind: 'yes' });
});
