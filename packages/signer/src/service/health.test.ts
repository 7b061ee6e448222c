import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Warning } from '../status/life.ts';
import { type HealthInput, healthOf } from './health.ts';

const well: HealthInput = {
  active: true,
  roles: [],
  trouble: undefined,
  outlook: undefined,
  stage: 'idle',
  queued: true,
  waiting: 0,
};
const row = (role: string, warning?: Warning) => ({
  role,
  expires: '2026-03-11T12:00:00Z',
  daysLeft: 5,
  lifeUsedPercent: 50,
  ...(warning && { warning }),
});
const warning = fc.constantFrom<Warning | undefined>(undefined, 'half', 'soon', 'now', 'expired');
const input: fc.Arbitrary<HealthInput> = fc.record({
  active: fc.boolean(),
  roles: fc.array(fc.tuple(fc.constantFrom('root', 'timestamp', 'p-gw2-stable'), warning).map(([r, w]) => row(r, w))),
  trouble: fc.constantFrom(undefined, { code: 'network', message: 'No answer.', since: new Date(0) } as const),
  outlook: fc.constantFrom(undefined, {
    stopped: [{ role: 'p-gw2-stable', code: 'expired', message: 'It expired.' } as const],
    heldBack: undefined,
  }),
  stage: fc.constant('idle' as const),
  queued: fc.boolean(),
  waiting: fc.nat(10),
});

test('a service with nothing amiss is well, and lists that wait for people do not change that', () => {
  expect(healthOf({ ...well, roles: [row('root')], waiting: 3 })).toMatchObject({ status: 'ok', waiting: 3 });
});

test.each([
  ['half', 'warning'],
  ['soon', 'warning'],
  ['now', 'failing'],
  ['expired', 'failing'],
] as const)('a list with the warning %s makes it %s', (warning, status) => {
  const health = healthOf({ ...well, roles: [row('root'), row('timestamp', warning)] });
  expect(health).toMatchObject({ status, expiring: [{ role: 'timestamp', warning }] });
});

test('a damaged list, a stopped role and a publication that fails are failing; a silent queue and what is held back warn', () => {
  const fault = { code: 'metadata-invalid', message: 'It cannot be read.' } as const;
  const stopped = [{ role: 'p-gw2-stable', code: 'expired', message: 'It expired.' } as const];
  const heldBack = { version: 2, waitsFor: ['p-gw2-stable'] };
  expect(healthOf({ ...well, roles: [{ role: 'root', fault }] }).status).toBe('failing');
  expect(healthOf({ ...well, outlook: { stopped, heldBack: undefined } })).toMatchObject({
    status: 'failing',
    stopped: [{ role: 'p-gw2-stable', code: 'expired', detail: 'It expired.' }],
  });
  expect(healthOf({ ...well, outlook: { stopped: [], heldBack } })).toMatchObject({ status: 'warning', heldBack });
  expect(healthOf({ ...well, queued: false }).status).toBe('warning');
});

test('it never looks better than its worst part, and one that stands by says so whatever it sees', () => {
  fc.assert(
    fc.property(input, seen => {
      const { status, expiring, stopped } = healthOf(seen);
      expect(status === 'standby').toBe(!seen.active);
      expect(expiring.length).toBe(seen.roles.filter(r => r.warning).length);
      if (!seen.active) return;
      const urgent = expiring.some(e => e.warning === 'now' || e.warning === 'expired');
      expect(status === 'failing').toBe(urgent || seen.trouble !== undefined || stopped.length > 0);
      expect(status === 'ok').toBe(status !== 'failing' && expiring.length === 0 && seen.queued);
    }),
  );
});
