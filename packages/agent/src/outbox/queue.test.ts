import type { Report, UpdateState } from '@tidegate/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { acknowledge, EMPTY_OUTBOX, enqueue, nextBatch, type OutboxState, PENDING_MAX, REFUSALS_MAX } from './queue.ts';

const hex = (n: number) => n.toString(16).padStart(32, '0');
const report = (rollout: number, state: UpdateState, id: number): Report => ({
  id: hex(id),
  rolloutId: hex(rollout),
  attempt: 1,
  state,
  at: '2026-11-24T00:00:00Z',
});

const events = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('add' as const),
      rollout: fc.nat(400),
      state: fc.constantFrom<UpdateState>('downloading', 'trial', 'verified', 'rolledBack', 'failed'),
      refusal: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('acknowledge' as const), share: fc.integer({ min: 1, max: 5 }) }),
  ),
  { maxLength: 600 },
);

test('whatever comes in any order: bounded, no outcome lost before it is acknowledged, nothing told twice', () => {
  fc.assert(
    fc.property(events, list => {
      let state: OutboxState = EMPTY_OUTBOX;
      const told: string[] = [];
      const open = new Set<string>();
      for (const [i, e] of list.entries()) {
        if (e.kind === 'add') {
          const before = state;
          const isRefusal = e.refusal && e.state === 'failed';
          state = enqueue(state, report(e.rollout, e.state, i), isRefusal);
          if (state !== before) told.push(`${e.rollout} ${e.state}`);
          if (state !== before && ['verified', 'rolledBack', 'failed'].includes(e.state)) open.add(hex(i));
        } else {
          const ids = nextBatch(state)
            .slice(0, e.share)
            .map(r => r.id);
          state = acknowledge(state, ids);
          for (const id of ids) open.delete(id);
        }
        const pending = new Set(state.pending.map(q => q.report.id));
        expect([...open].filter(id => !pending.has(id))).toEqual([]);
        const dispensable = state.pending.filter(q => q.weight === 'progress').length;
        expect(state.pending.length > PENDING_MAX && dispensable > 0).toBe(false);
      }
      expect(new Set(told).size).toBe(told.length);
    }),
    { numRuns: 50 },
  );
});

test('a server that provokes refusals without end fills nothing', () => {
  let state: OutboxState = EMPTY_OUTBOX;
  for (let i = 0; i < 1000; i++) state = enqueue(state, report(i, 'failed', i), true);
  expect(state.pending).toHaveLength(REFUSALS_MAX);
  const withEnd = enqueue(state, report(2000, 'verified', 2000), false);
  expect(withEnd.pending.at(-1)?.report.state).toBe('verified');
});
