import { DEFAULT_GATE, type Gate, type RolloutCounts } from '@tidegate/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_COUNTS } from '../reports/transition.ts';
import { decideGate, type GateInput, needsSurvey, NOT_SURVEYED } from './gate.ts';

const gate: Gate = { ...DEFAULT_GATE, soakSeconds: 60, minVerified: 5 };
const opened = new Date('2026-01-01T00:00:00Z');
const later = (seconds: number) => new Date(opened.getTime() + seconds * 1000);

function counts(more: Partial<RolloutCounts>): RolloutCounts {
  const sum = { ...NO_COUNTS, ...more };
  return { ...sum, begun: more.begun ?? sum.verified + sum.failed, offered: more.offered ?? 1000 };
}

function verdict(phase: Partial<RolloutCounts>, more: Partial<GateInput> = {}) {
  return decideGate({
    gate,
    state: 'running',
    class: 'feature',
    withdrawn: false,
    phases: { open: 0, count: 2 },
    needsApproval: false,
    phase: counts(phase),
    total: counts(phase),
    looked: { phase: 0, total: 0 },
    survey: { waitingInPhase: 10, waiting: 10, moreBeyond: true, complete: true },
    openedAt: opened,
    deafSeconds: 0,
    now: later(100),
    ...more,
  });
}

const nobodyWaiting = { waitingInPhase: 0, waiting: 0, moreBeyond: true, complete: true };

describe('the gate', () => {
  it('advances on proof: enough verified, nearly all resolved, enough of them good, long enough', () => {
    expect(verdict({ verified: 50 })).toMatchObject({ action: 'advance', kind: 'proven' });
    expect(verdict({ verified: 4 })).toMatchObject({ action: 'hold', kind: 'unproven' });
    expect(verdict({ verified: 50, begun: 53 })).toMatchObject({ action: 'hold', kind: 'unresolved' });
    expect(verdict({ verified: 50 }, { now: later(59) })).toMatchObject({ action: 'hold', kind: 'soaking' });
    expect(verdict({ verified: 15, failed: 2 })).toMatchObject({ action: 'hold', kind: 'failing' });
    expect(verdict({}, { now: later(-1) })).toMatchObject({ action: 'hold', kind: 'not-begun' });
  });

  it('holds while those that are not final would be too many if they failed, also where nearly all are', () => {
    expect(verdict({ verified: 190, begun: 200 })).toMatchObject({ action: 'hold', kind: 'unresolved' });
    expect(verdict({ verified: 195, begun: 200 })).toMatchObject({ action: 'advance' });
    expect(verdict({ verified: 193, failed: 2, begun: 200 })).toMatchObject({ action: 'advance' });
    expect(verdict({ verified: 189, failed: 4, begun: 200 })).toMatchObject({ action: 'hold', kind: 'unresolved' });
  });

  it('halts 5 failures of 50 and lets 1 of 2 go on, with 2 % allowed', () => {
    expect(verdict({ verified: 45, failed: 5 })).toMatchObject({ action: 'halt', kind: 'failure-rate' });
    const pair = verdict({ verified: 1, failed: 1 }, { survey: nobodyWaiting });
    expect(pair).toMatchObject({ action: 'advance', reason: expect.stringContaining('0.040') });
  });

  it('is as suspicious as its numbers say', () => {
    const numbers = (more: Partial<Gate>) => ({ gate: { ...gate, ...more } });
    expect(verdict({ verified: 45, failed: 5 }, numbers({ significance: 10 })).action).not.toBe('halt');
    expect(verdict({ verified: 46, failed: 4 }, numbers({ significance: 2000 })).action).toBe('halt');
    expect(verdict({ verified: 46, failed: 4 }).action).not.toBe('halt');
    expect(verdict({ verified: 50, refused: 1 }, numbers({ minRefusals: 1 }))).toMatchObject({ kind: 'refusals' });
    expect(verdict({ verified: 50, refused: 5 }, numbers({ refusalShare: 2000 })).action).not.toBe('halt');
  });

  it('opens no phase that waits for another person, and halts all the same', () => {
    const asked = { needsApproval: true };
    expect(verdict({ verified: 50 }, asked)).toMatchObject({ action: 'hold', kind: 'approval' });
    expect(verdict({ verified: 45, failed: 5 }, asked)).toMatchObject({ action: 'halt' });
  });

  it('looks at fixed counts of outcomes only, or when nobody is left to wait for', () => {
    const seen = { looked: { phase: 42, total: 42 } };
    expect(verdict({ verified: 45, failed: 5 }, seen).action).not.toBe('halt');
    expect(verdict({ verified: 45, failed: 5 }, { ...seen, survey: nobodyWaiting }).action).toBe('halt');
  });

  it('sees a bad phase behind many good devices of earlier ones', () => {
    const total = counts({ verified: 100_000, failed: 5 });
    expect(verdict({ failed: 5 }, { total, phases: { open: 1, count: 2 } })).toMatchObject({ action: 'halt' });
  });

  it('halts at the absolute limit and when the release is withdrawn', () => {
    const limited = { gate: { ...gate, maxFailures: 2 } };
    expect(verdict({ verified: 1000, failed: 2 }, limited)).toMatchObject({ action: 'halt', kind: 'max-failures' });
    expect(verdict({ verified: 1000 }, { withdrawn: true })).toMatchObject({ action: 'halt', kind: 'withdrawn' });
  });

  it('halts on refusals as not authentic, from 3 devices and 1 % of the begun; for security a person decides', () => {
    expect(verdict({ verified: 50, refused: 2 }).kind).not.toBe('refusals');
    expect(verdict({ verified: 50, refused: 3 })).toMatchObject({ action: 'halt', kind: 'refusals' });
    expect(verdict({ verified: 1000, refused: 9 }).kind).not.toBe('refusals');
    expect(verdict({ verified: 1000, refused: 10 })).toMatchObject({ action: 'halt', kind: 'refusals' });
    expect(verdict({ refused: 3 }, { class: 'security' })).toMatchObject({ action: 'hold', kind: 'refusals' });
  });

  it('lets all devices of a small phase decide', () => {
    const small = { survey: { waitingInPhase: 1, waiting: 1, moreBeyond: true, complete: true } };
    expect(verdict({ failed: 1 }, small)).toMatchObject({ action: 'hold', kind: 'waiting' });
    expect(verdict({ failed: 2 }, { survey: nobodyWaiting })).toMatchObject({ action: 'halt', kind: 'all-failed' });
    expect(verdict({ verified: 1 }, { survey: nobodyWaiting })).toMatchObject({ action: 'advance' });
  });

  it('merges an empty phase with the next, but opens nothing while the fleet is out of sight', () => {
    expect(verdict({}, { survey: nobodyWaiting })).toMatchObject({ action: 'advance', kind: 'empty' });
    const survey = { ...nobodyWaiting, moreBeyond: false };
    expect(verdict({}, { survey })).toMatchObject({ action: 'hold', kind: 'nobody' });
  });

  it('merges an empty phase where an earlier one took everybody in, and proved the release', () => {
    const survey = { ...nobodyWaiting, moreBeyond: false };
    expect(verdict({}, { survey, total: counts({ verified: 2 }) })).toMatchObject({ action: 'advance', kind: 'empty' });
    expect(verdict({}, { survey, total: counts({ failed: 2 }) })).toMatchObject({ action: 'hold', kind: 'nobody' });
  });

  it('completes the last phase only when nobody is waited for and somebody has verified', () => {
    const last = { phases: { open: 1, count: 2 } };
    expect(verdict({ verified: 50 }, last)).toMatchObject({ action: 'hold', kind: 'waiting' });
    expect(verdict({ verified: 50 }, { ...last, survey: nobodyWaiting })).toMatchObject({ action: 'complete' });
    expect(verdict({}, { ...last, survey: nobodyWaiting })).toMatchObject({ action: 'hold', kind: 'nobody' });
  });

  it('decides nothing that rests on who else is due before the fleet was looked through, and halts all the same', () => {
    const survey = { ...nobodyWaiting, complete: false };
    const unknown = { action: 'hold', kind: 'surveying' };
    expect(verdict({}, { survey })).toMatchObject(unknown);
    expect(verdict({ verified: 1 }, { survey })).toMatchObject(unknown);
    expect(verdict({ failed: 2 }, { survey })).toMatchObject(unknown);
    expect(verdict({ verified: 50 }, { survey, phases: { open: 1, count: 2 } })).toMatchObject(unknown);
    expect(verdict({ verified: 50 }, { survey })).toMatchObject({ action: 'advance', kind: 'proven' });
    expect(verdict({ failed: 50 }, { survey }).action).toBe('halt');
    expect(verdict({}, { survey, withdrawn: true })).toMatchObject({ action: 'halt', kind: 'withdrawn' });
  });

  it('never advances on absence of proof, and always says why in words', () => {
    const n = fc.nat(200);
    fc.assert(
      fc.property(n, n, n, n, fc.nat(3), fc.nat(1), (verified, failed, begun, refused, waiting, open) => {
        const survey = { waitingInPhase: waiting, waiting, moreBeyond: true, complete: true };
        const phase = { verified, failed, refused, begun: verified + failed + begun };
        const { action, kind, reason } = verdict(phase, { survey, phases: { open, count: 2 } });
        expect(reason.length).toBeGreaterThan(10);
        if (action === 'complete') expect(verified).toBeGreaterThan(0);
        if (action === 'advance' && kind !== 'empty') expect(verified).toBeGreaterThan(0);
        if (action === 'advance' && kind === 'empty') expect(verified + failed + waiting).toBe(0);
      }),
    );
  });

  it('asks for a survey wherever one could change its verdict', () => {
    const n = fc.nat(30);
    const survey = fc.record({ waitingInPhase: n, waiting: n, moreBeyond: fc.boolean(), complete: fc.boolean() });
    const states = fc.constantFrom('running' as const, 'paused' as const, 'completed' as const);
    const bools = [fc.boolean(), fc.boolean()] as const;
    fc.assert(
      fc.property(
        n,
        n,
        n,
        n,
        survey,
        states,
        ...bools,
        (verified, failed, open, age, found, state, isLastPhase, late) => {
          const phase = counts({ verified, failed, begun: verified + failed + open });
          const phases = { open: isLastPhase ? 1 : 0, count: 2 };
          const base = { gate, state, class: 'feature' as const, withdrawn: false, phases, needsApproval: false };
          const looked = { phase: late ? verified + failed : 0, total: late ? verified + failed : 0 };
          const input = {
            ...base,
            phase,
            total: phase,
            looked,
            openedAt: opened,
            deafSeconds: 0,
            now: later(6 * age - 10),
          };
          if (needsSurvey(input)) return;
          // One that rests waits for nobody, whatever the survey says.
          const seen = state === 'running' ? found : { ...found, waiting: found.waiting + 1 };
          expect(decideGate({ ...input, survey: seen })).toEqual(decideGate({ ...input, survey: NOT_SURVEYED }));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('needs no survey in the middle of a rollout whose phase has proof enough', () => {
    const input = (more: Partial<GateInput>) => ({
      gate,
      state: 'running' as const,
      class: 'feature' as const,
      withdrawn: false,
      phases: { open: 0, count: 2 },
      needsApproval: false,
      phase: counts({ verified: 50 }),
      total: counts({ verified: 50 }),
      looked: { phase: 0, total: 0 },
      openedAt: opened,
      deafSeconds: 0,
      now: later(10),
      ...more,
    });
    expect(needsSurvey(input({}))).toBe(false);
    expect(needsSurvey(input({ now: later(100) }))).toBe(false);
    expect(needsSurvey(input({ now: later(100), phases: { open: 1, count: 2 } }))).toBe(true);
    expect(needsSurvey(input({ phase: counts({ verified: 1 }) }))).toBe(true);
  });
});
