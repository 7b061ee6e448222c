import { DEFAULT_GATE, type RolloutCounts, type RolloutView } from '@tidegate/protocol';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { testTerminal } from '../test-terminal.ts';
import { bar, frame } from './frame.ts';
import { liveObserver } from './live-observer.ts';
import { isChanged, newDecisions } from './news.ts';

const none: RolloutCounts = { offered: 0, begun: 0, verified: 0, failed: 0, neutral: 0, rolledBack: 0, refused: 0 };
const some: RolloutCounts = { ...none, offered: 1000, begun: 990, verified: 900, failed: 1 };

function rollout(more: Partial<RolloutView> = {}): RolloutView {
  return {
    id: '0'.repeat(32),
    name: 'app 1.1.0',
    state: 'running',
    target: 'gw2/stable/app/1.1.0/app.tgz',
    product: 'gw2',
    channel: 'stable',
    component: 'app',
    version: '1.1.0',
    counter: 2,
    class: 'feature',
    filter: null,
    exclude: null,
    salt: '0'.repeat(32),
    phases: [{ basisPoints: 1000 }, { basisPoints: 5000 }, { basisPoints: 10_000 }],
    openPhase: 1,
    gate: DEFAULT_GATE,
    pace: {},
    window: null,
    urgent: false,
    notBefore: '2026-11-24T11:50:00Z',
    total: null,
    counts: some,
    phaseCounts: [some, none, none],
    decisions: [],
    createdAt: '2026-11-24T11:50:00Z',
    createdBy: 'olga',
    approval: null,
    endedAt: null,
    selfOfferAt: null,
    holdNeededBy: null,
    ...more,
  };
}

const around = { columns: 100, rows: 30, now: new Date('2026-11-24T12:00:00Z'), lost: undefined };

test('shows one failure among a thousand', () => {
  expect(bar(some, 20)).toBe('##################x-');
});

test('draws a bar of its width, whatever the numbers', () => {
  const n = fc.integer({ min: 0, max: 10_000_000 });
  fc.assert(
    fc.property(
      n,
      n,
      n,
      n,
      n,
      fc.integer({ min: 4, max: 60 }),
      (offered, verified, failed, neutral, refused, width) => {
        expect(bar({ ...none, offered, verified, failed, neutral, refused }, width)).toMatch(/^#*x*-* *$/);
        expect(bar({ ...none, offered, verified, failed, neutral, refused }, width).length).toBe(width);
      },
    ),
  );
});

test('says how each phase stands', () => {
  const text = frame(rollout(), around).map(line => line.text);
  expect(text[1]).toBe('app 1.1.0: running for 10 min');
  expect(text[3]).toMatch(/^✓ {4}10 % \[#+x-+ *\] passed {2}900 verified, 1 failed, 99 under way of 1000$/);
  expect(text[4]).toMatch(/^▸ {4}50 % \[ +\] open$/);
  expect(text[5]).toMatch(/^ {4}100 % \[ +\] waits$/);
  const halted = frame(rollout({ state: 'halted', endedAt: '2026-11-24T11:55:00Z' }), around);
  expect(halted[1]).toEqual({ text: 'app 1.1.0: halted after 5 min', tone: 'bad' });
  const planned = frame(rollout({ notBefore: '2026-11-25T12:00:00Z' }), around);
  expect(planned[1]?.text).toMatch(/^app 1\.1\.0: running, begins 2026-11-2/);
  expect(halted[4]).toMatchObject({ text: expect.stringMatching(/^✗ .*halted$/) as string, tone: 'bad' });
});

test('shows of many phases those around the open one', () => {
  const phases = Array.from({ length: 100 }, (_, i) => ({ basisPoints: 100 * (i + 1) }));
  const lines = frame(rollout({ phases, openPhase: 57, phaseCounts: phases.map(() => none) }), { ...around, rows: 16 });
  expect(lines.length).toBeLessThan(16);
  expect(lines.some(line => line.text.startsWith('▸    58 %'))).toBe(true);
  expect(lines.some(line => line.text.includes('91 more phases'))).toBe(true);
});

test('tells each decision once, also where the server shows only the last ones', () => {
  const decision = (n: number) =>
    ({ at: `2026-11-24T12:00:${10 + n}Z`, phase: 0, action: 'hold', reason: `${n}`, counts: none }) as const;
  const [a, b, c] = [decision(1), decision(2), decision(3)];
  expect(newDecisions(undefined, rollout({ decisions: [a, b] }))).toEqual([a, b]);
  expect(newDecisions(rollout({ decisions: [a, b] }), rollout({ decisions: [b, c] }))).toEqual([c]);
  expect(newDecisions(rollout({ decisions: [a] }), rollout({ decisions: [c] }))).toEqual([c]);
  expect(isChanged(rollout(), rollout({ decisions: [a] }))).toBe(false);
  expect(isChanged(rollout(), rollout({ phaseCounts: [some, some, none] }))).toBe(true);
});

test('keeps every drawn line within the terminal, and lets no name out of its line', () => {
  const terminal = testTerminal({}, { columns: 50, rows: 20 });
  const live = liveObserver(terminal);
  live.seen(rollout({ name: 'evil\u001b[2J\nname' }), true);
  const before = terminal.text.out;
  expect(before).not.toContain('\u001b');
  expect(before.split('\n').every(line => stringWidth(line) < 50)).toBe(true);
  live.seen(rollout(), false);
  const rows = before.split('\n').length - 1;
  expect(terminal.text.out.slice(before.length)).toMatch(new RegExp(`^\\u001b\\[${rows}A\\r\\u001b\\[0J`));
});
