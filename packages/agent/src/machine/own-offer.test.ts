import fc from 'fast-check';
import { expect, test } from 'vitest';
import { targetFor } from '../install/test-target.ts';
import { preferred } from './own-offer.ts';
import type { Outcome, Update } from './state.ts';

const NOW_MS = Date.parse('2026-11-10T12:00:00Z');
const FAR = '2100-01-01T00:00:00Z';
const SINCE = '2026-11-01T00:00:00Z';

function update(counter: number, more: Partial<Update> = {}): Update {
  const component = more.component ?? 'app';
  const target = targetFor(Buffer.from(''), {
    component,
    version: `1.${counter}.0`,
    counter,
    format: 'file',
    file: 'x',
  });
  return { attempt: 1, component, pollDuringUpdateSeconds: 60, target, ...more };
}
const byServer = (counter: number, notBefore = SINCE, more: Partial<Update> = {}) =>
  update(counter, { rolloutId: '1'.repeat(32), notBefore, ...more });
const stopped = ({ target }: Update): Outcome => ({ state: 'failed', code: 'stopped', target: target.path, at: SINCE });

test('one offer alone is taken as it is', () => {
  const [offered, own] = [byServer(2, FAR), update(2)];
  expect(preferred(offered, undefined, undefined, NOW_MS)).toBe(offered);
  expect(preferred(undefined, own, undefined, NOW_MS)).toBe(own);
  expect(preferred(undefined, undefined, undefined, NOW_MS)).toBeUndefined();
});

test('the same release goes by the rollout, so that the server hears of it, but waits for no time of the server', () => {
  const { notBefore: _, ...offered } = byServer(2);
  expect(preferred(byServer(2, FAR), update(2), undefined, NOW_MS)).toEqual(offered);
});

test('a newer release of the same component goes first where it may begin now', () => {
  expect(preferred(byServer(3), update(2), undefined, NOW_MS)?.target.firmware.counter).toBe(3);
});

test('a window that only the server speaks of delays nothing that is due', () => {
  const window = [{ days: ['sun' as const], from: '02:00', to: '05:00' }];
  const own = update(5);
  expect(preferred(byServer(5, SINCE, { window }), own, undefined, NOW_MS)).not.toHaveProperty('window');
  expect(preferred(byServer(6, SINCE, { window }), own, undefined, NOW_MS)).toBe(own);
});

test('a server cannot keep the device busy: by an older one, another component, a far time, or stops', () => {
  const own = update(5);
  const other = byServer(9, SINCE, { component: 'mcu' });
  const offers = fc.constantFrom(byServer(4), other, byServer(9, FAR), byServer(6), byServer(5));
  fc.assert(
    fc.property(offers, offered => {
      const isHonest = offered.component === 'app' && offered.target.firmware.counter >= 5 && offered.notBefore !== FAR;
      if (!isHonest) expect(preferred(offered, own, undefined, NOW_MS)).toBe(own);
      expect(preferred(offered, own, stopped(offered), NOW_MS)).toBe(own);
    }),
  );
});
