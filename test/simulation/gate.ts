/**
 * Rollouts under the server's own gate, in virtual time: how often it stops a good release, and how soon a bad one. The
 * gate is asked whenever its tail test looks, and every quarter of an hour. The same seed gives the same run.
 */
import type { Gate, RolloutCounts } from '@tidegate/protocol';
import { decideGate, type GateInput, type GateVerdict, lookOf, outcomes, whyMissing } from '@tidegate/server';
import { seededRandom } from './seeded-random.ts';

/** How a release does on devices, in shares 0..1; what is left verifies and stays well. */
export interface SimRelease {
  /** Goes back by itself, and says so. */
  readonly fails: number;
  /** Dies without a word after it has begun: the server knows after the silence. */
  readonly diesInTrial: number;
  /** Verifies, and dies at once after it: the server sees that it comes no more. */
  readonly diesLater: number;
}

export interface GatePlan {
  readonly devices: number;
  /** Cumulative shares of the fleet, 0..1. */
  readonly phases: readonly number[];
  readonly gate: Gate;
  /** Devices of a phase begin evenly over so long from its opening. */
  readonly beginWithinSeconds: number;
  readonly trialSeconds: number;
  /** After so long without a check-in a device is missing. */
  readonly missingSeconds: number;
  /** Share of the devices that are switched off when the phase has soaked, whatever they run. */
  readonly away: number;
}

export interface GateRun {
  /** `held`: all is over and the gate waits for a person. */
  readonly end: 'completed' | 'halted' | 'held';
  readonly seconds: number;
  /** Devices that had begun by then. */
  readonly begun: number;
  /** Of these, those that have died of it, or will. */
  readonly lost: number;
}

const TICK_SECONDS = 900;
const NOBODY: RolloutCounts = { offered: 0, begun: 0, verified: 0, failed: 0, neutral: 0, rolledBack: 0, refused: 0 };

interface SimEvent {
  readonly at: number;
  readonly phase: number;
  readonly kind: 'begun' | 'verified' | 'failed' | 'missing';
  readonly isLost: boolean;
}

export function simulateGate(plan: GatePlan, release: SimRelease, seed: number): GateRun {
  const random = seededRandom(seed);
  const counts = plan.phases.map((_, i) => ({ ...NOBODY, offered: sizeOf(plan, i) }));
  const total = { ...NOBODY, offered: sizeOf(plan, 0) };
  const looked = { phase: 0, total: 0 };
  let [phase, openedAt, now, lost, missing] = [0, 0, 0, 0, 0];
  let events = phaseEvents(plan, release, { phase, openedAt }, random);
  for (;;) {
    const tickAt = (Math.floor(now / TICK_SECONDS) + 1) * TICK_SECONDS;
    const event = events.at(-1);
    now = Math.min(tickAt, event?.at ?? tickAt);
    if (event && event.at <= tickAt) {
      events.pop();
      if (event.kind === 'missing') missing += Number(event.phase === phase);
      else for (const each of [countOf(counts, event.phase), total]) each[event.kind] += 1;
      lost += Number(event.kind === 'begun' && event.isLost);
    }
    const seen = { phase: countOf(counts, phase), total };
    const input = gateInput(plan, { phase, openedAt, now, seen, looked });
    const looks = { phase: lookOf(input, 'phase'), total: lookOf(input, 'total') };
    if (now < tickAt && looks.phase === undefined && looks.total === undefined) continue;
    const verdict = unlessMissing(plan, input, missing, decideGate(input), random);
    looked.phase = looks.phase ?? looked.phase;
    looked.total = looks.total ?? looked.total;
    if (verdict.action === 'advance') {
      [phase, openedAt, looked.phase, missing] = [phase + 1, now, 0, 0];
      total.offered += sizeOf(plan, phase);
      events = [...events, ...phaseEvents(plan, release, { phase, openedAt }, random)].toSorted(latestFirst);
      continue;
    }
    const isOver = events.length === 0 && now - openedAt > plan.gate.soakSeconds + TICK_SECONDS;
    const end = ENDS[verdict.action] ?? (isOver ? 'held' : undefined);
    if (end) return { end, seconds: now, begun: total.begun, lost };
  }
}

const ENDS: Partial<Record<GateVerdict['action'], GateRun['end']>> = { halt: 'halted', complete: 'completed' };

/** As the server does where all else says that the next phase may open. */
function unlessMissing(
  { gate, devices, away }: GatePlan,
  { phase, total }: GateInput,
  dead: number,
  verdict: GateVerdict,
  random: () => number,
): GateVerdict {
  if (verdict.action !== 'advance') return verdict;
  const off = (of: number) => Array.from({ length: of }, random).filter(draw => draw < away).length;
  const verified = { devices: phase.verified, missing: dead + off(phase.verified - dead) };
  const left = devices - total.offered;
  const reason = whyMissing(gate, verified, { devices: left, missing: off(left) });
  return reason === undefined ? verdict : { action: 'hold', kind: 'missing', reason };
}

interface Opening {
  readonly phase: number;
  readonly openedAt: number;
}

interface Seen extends Opening {
  readonly now: number;
  readonly seen: { readonly phase: RolloutCounts; readonly total: RolloutCounts };
  readonly looked: { readonly phase: number; readonly total: number };
}

function gateInput({ gate, phases }: GatePlan, { phase, openedAt, now, seen, looked }: Seen): GateInput {
  const waitingOf = (counts: RolloutCounts) => counts.offered - outcomes(counts);
  return {
    gate,
    state: 'running',
    class: 'feature',
    withdrawn: false,
    phases: { open: phase, count: phases.length },
    needsApproval: false,
    ...seen,
    looked: { ...looked },
    survey: {
      waitingInPhase: waitingOf(seen.phase),
      waiting: waitingOf(seen.total),
      moreBeyond: phase < phases.length - 1,
      complete: true,
    },
    openedAt: new Date(openedAt * 1000),
    deafSeconds: 0,
    now: new Date(now * 1000),
  };
}

/** What becomes of the devices of a phase, the last first. */
function phaseEvents(
  plan: GatePlan,
  { fails, diesInTrial, diesLater }: SimRelease,
  { phase, openedAt }: Opening,
  random: () => number,
): SimEvent[] {
  const { beginWithinSeconds, trialSeconds, missingSeconds, gate } = plan;
  return Array.from({ length: sizeOf(plan, phase) }, () => {
    const begunAt = openedAt + random() * beginWithinSeconds;
    const fate = random();
    const isSilent = fate >= fails && fate < fails + diesInTrial;
    const isLost = fate >= fails && fate < fails + diesInTrial + diesLater;
    const endsAt = begunAt + (isSilent ? gate.silenceSeconds : trialSeconds);
    const kind = fate < fails || isSilent ? 'failed' : 'verified';
    return [
      { at: begunAt, phase, kind: 'begun', isLost } as const,
      { at: endsAt, phase, kind, isLost } as const,
      ...(isLost && !isSilent ? [{ at: endsAt + missingSeconds, phase, kind: 'missing', isLost } as const] : []),
    ];
  })
    .flat()
    .toSorted(latestFirst);
}

function latestFirst(a: SimEvent, b: SimEvent): number {
  return b.at - a.at;
}

function sizeOf({ devices, phases }: GatePlan, phase: number): number {
  return Math.round(devices * (phases[phase] ?? 1)) - Math.round(devices * (phases[phase - 1] ?? 0));
}

function countOf(counts: readonly RolloutCounts[], phase: number): RolloutCounts {
  return counts[phase] as RolloutCounts;
}
