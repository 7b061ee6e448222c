import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { watchLists } from './list-watch.ts';

const lines: { level: number; msg: string; role?: string }[] = [];
const log = pino({ level: 'info' }, { write: line => void lines.push(JSON.parse(line) as (typeof lines)[number]) });
const LEVELS: Readonly<Record<number, string>> = { 40: 'warn', 50: 'error' };
const said = () => lines.splice(0).map(l => `${LEVELS[l.level]} ${l.msg}`);
const row = (warning?: 'half' | 'soon' | 'now' | 'expired', version = 1) => [
  { role: 'p-gw2-stable', version, expires: '2026-03-11T12:00:00Z', lifeUsedPercent: 50, ...(warning && { warning }) },
];
beforeEach(() => void (lines.length = 0));

test('tells each of half, three quarters, nine tenths and the end once, louder from three quarters on', () => {
  const watch = watchLists(log);
  for (const warning of [undefined, 'half', 'half', 'soon', 'soon', 'now', 'expired', 'expired'] as const) {
    watch.look(row(warning));
  }
  expect(said()).toEqual([
    'warn p-gw2-stable: half of its life is used',
    'error p-gw2-stable: three quarters of its life are used: renew it soon',
    'error p-gw2-stable: nine tenths of its life are used: renew it now',
    'error p-gw2-stable: it has expired: devices install nothing new',
  ]);
  watch.look(row(undefined, 2));
  watch.look(row('half', 2));
  expect(said()).toEqual(['warn p-gw2-stable: half of its life is used']);
});

test('tells once of a role that stopped, and of a list of delegations that waits', () => {
  const watch = watchLists(log);
  const stopped = [{ role: 'p-gw2-stable', code: 'expired', message: 'It expired.' } as const];
  const heldBack = { version: 4, waitsFor: ['p-gw2-beta'] };
  watch.seen({ stopped: [], heldBack: undefined });
  for (let i = 0; i < 2; i++) watch.seen({ stopped, heldBack });
  expect(said()).toEqual([
    'error p-gw2-stable: its devices install nothing new; all others go on',
    'warn a list of delegations is not published: it would stop roles that it waits for',
  ]);
});
