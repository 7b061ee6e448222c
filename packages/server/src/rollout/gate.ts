/**
 * The rule that lets a phase advance, hold or halt. Pure: counts, survey and time in, one decision with its reason in
 * words out. It must never advance on absence of proof, and never leave a rollout in a state that nobody can explain.
 */
import type { Gate, GateAction, ReleaseClass, RolloutCounts, RolloutState } from '@tidegate/protocol';
import { binomialTail } from './binomial.ts';
import { dueLook, FIRST_LOOK, levelAt } from './looks.ts';
import { devices, percent, seconds } from './words.ts';

/** Devices that still have a say. Each number stops counting at `surveyCap`: beyond it only «many» matters. */
export interface Survey {
  /** Offered in the open phase and not final, or due and not offered yet; lost and postponing devices are left out. */
  readonly waitingInPhase: number;
  /** The same over all phases. */
  readonly waiting: number;
  /** Some eligible device lies outside the open share. */
  readonly moreBeyond: boolean;
  /** False: a large fleet is still being looked through, so the numbers may be too low. */
  readonly complete: boolean;
}

export interface GateInput {
  readonly gate: Gate;
  readonly state: RolloutState;
  readonly class: ReleaseClass;
  /** The release was taken out of the signed lists. */
  readonly withdrawn: boolean;
  /** Index of the open one, and how many there are. */
  readonly phases: { readonly open: number; readonly count: number };
  /** The next phase waits for another person's word. */
  readonly needsApproval: boolean;
  readonly phase: RolloutCounts;
  readonly total: RolloutCounts;
  /** Outcomes at the last look of the tail test. */
  readonly looked: { readonly phase: number; readonly total: number };
  readonly survey: Survey;
  /** When the phase opened, or when the rollout may begin, if that is later. */
  readonly openedAt: Date;
  /** Since then, in which no device could be heard: that time is no soak. */
  readonly deafSeconds: number;
  readonly now: Date;
}

/** Which rule decided. */
export type GateKind =
  | 'withdrawn'
  | 'max-failures'
  | 'refusals'
  | 'failure-rate'
  | 'all-failed'
  | 'watching'
  | 'paused'
  | 'not-begun'
  | 'nobody'
  | 'empty'
  | 'waiting'
  | 'surveying'
  | 'unproven'
  | 'unresolved'
  | 'failing'
  | 'soaking'
  | 'missing'
  | 'approval'
  | 'proven';

export interface GateVerdict {
  readonly action: GateAction;
  readonly kind: GateKind;
  /** In plain words, for people. */
  readonly reason: string;
}

/** How many devices a phase must have so that it is not judged as a small one. */
export function surveyCap(gate: Gate): number {
  return Math.max(gate.minVerified, gate.minFailures);
}

export function decideGate(input: GateInput): GateVerdict {
  const verdict = danger(input) ?? resting(input) ?? (isSmall(input) ? smallPhase(input) : proof(input));
  if (verdict.action !== 'advance' || !input.needsApproval) return verdict;
  return hold('approval', `${verdict.reason}; the next phase waits for another person's approval`);
}

/** The fleet was not looked at: the gate takes nothing for granted. */
export const NOT_SURVEYED: Survey = { waitingInPhase: 0, waiting: 0, moreBeyond: true, complete: false };

const MANY = Number.MAX_SAFE_INTEGER;

/** What a survey may say at its extremes, with more devices than any number asks for. */
const EXTREMES: readonly Survey[] = [
  NOT_SURVEYED,
  { waitingInPhase: 0, waiting: 0, moreBeyond: false, complete: true },
  { waitingInPhase: 0, waiting: MANY, moreBeyond: true, complete: true },
  { waitingInPhase: MANY, waiting: MANY, moreBeyond: true, complete: true },
];

/** Whether the verdict depends on who is still due: else a large fleet need not be read through. */
export function needsSurvey(input: Omit<GateInput, 'survey'>): boolean {
  // Nothing waits for the end of a rollout that rests.
  if (input.state !== 'running') return false;
  const words = EXTREMES.map(survey => decideGate({ ...input, survey })).map(v => `${v.action} ${v.kind} ${v.reason}`);
  return new Set(words).size > 1;
}

/** Counts of outcomes that speak for or against the release. */
export function outcomes(counts: RolloutCounts): number {
  return counts.verified + counts.failed;
}

function danger(input: GateInput): GateVerdict | undefined {
  const { gate, total } = input;
  if (input.withdrawn) return halt('withdrawn', 'the release is no longer in the signed lists');
  if (gate.maxFailures !== undefined && total.failed >= gate.maxFailures) {
    return halt('max-failures', `${devices(total.failed)} failed, at most ${gate.maxFailures - 1} may`);
  }
  const alarm = Math.max(gate.minRefusals, Math.ceil((total.begun * gate.refusalShare) / 10_000));
  if (total.refused >= alarm) {
    const reason = `${devices(total.refused)} refused the release as not authentic: look for a tampered server or mirror`;
    // A false alarm must not be a way to keep security fixes from the fleet: a person decides.
    return input.class === 'security'
      ? hold('refusals', `${reason}; stop it, or follow it with a new rollout once the cause is known`)
      : halt('refusals', reason);
  }
  return tailTest(input, 'total') ?? (input.phases.open > 0 ? tailTest(input, 'phase') : undefined);
}

const WHERE = { phase: 'in this phase', total: 'in all' } as const;
type Sequence = keyof typeof WHERE;

/** The look of the tail test that is due now; the last one counts as taken only where there are failures to look at. */
export function lookOf({ gate, survey, looked, ...counts }: GateInput, of: Sequence): number | undefined {
  const { [of]: seen } = counts;
  return dueLook(looked[of], outcomes(seen), nobodyWaits(survey) && seen.failed >= gate.minFailures);
}

function tailTest(input: GateInput, of: Sequence): GateVerdict | undefined {
  const { gate, [of]: counts } = input;
  const look = lookOf(input, of);
  if (look === undefined || counts.failed < gate.minFailures) return undefined;
  const tail = tailOf(gate, counts.failed, outcomes(counts));
  if (isExplained(input, of, look, tail)) return undefined;
  return halt('failure-rate', `${failedOf(counts)} ${WHERE[of]}; ${chance(gate, tail)}`);
}

/** Most of what is seen in a phase is seen in all: the later phases share the rest of the chance of being wrong. */
const IN_ALL = 2 / 3;

/** All sequences of looks spend one chance together. In the first phase there is one only: the phase is the whole. */
function isExplained({ gate, phases }: GateInput, of: Sequence, look: number, tail: number): boolean {
  const whole = gate.significance / 10_000;
  if (tail >= whole) return true;
  const later = phases.count - 1;
  const inAll = later === 0 ? whole : whole * IN_ALL;
  const spending = {
    chance: of === 'total' ? inAll : (whole - inAll) / later,
    allowedRate: gate.allowedFailureShare / 10_000,
    minFailures: gate.minFailures,
  };
  return tail > levelAt(spending, look);
}

function resting(input: GateInput): GateVerdict | undefined {
  if (input.state === 'completed') return hold('watching', 'completed; devices that come later are still watched');
  if (input.state === 'paused') return hold('paused', 'paused; devices at work are still watched');
  if (input.now < input.openedAt) return hold('not-begun', `begins at ${input.openedAt.toISOString()}`);
  return undefined;
}

function isLastPhase({ phases }: GateInput): boolean {
  return phases.open === phases.count - 1;
}

/** So few devices that the minimum of proof, or of failures, can never be reached: all of them decide. */
function isSmall({ gate, phase, survey }: GateInput): boolean {
  return outcomes(phase) + survey.waitingInPhase < surveyCap(gate);
}

function nobodyWaits({ waiting, complete }: Survey): boolean {
  return complete && waiting === 0;
}

function smallPhase(input: GateInput): GateVerdict {
  const { gate, phase, survey } = input;
  if (!survey.complete) return hold('surveying', 'the fleet is being looked through for devices that are still due');
  const n = outcomes(phase);
  if (survey.waitingInPhase > 0) {
    return hold(
      'waiting',
      `waits for ${devices(survey.waitingInPhase)} of a small phase of ${n + survey.waitingInPhase}`,
    );
  }
  if (n === 0) return emptyPhase(input);
  if (phase.verified === 0) return halt('all-failed', `all ${devices(n)} of this phase failed`);
  const tail = tailOf(gate, phase.failed, n);
  if (phase.failed > 0 && !isExplained(input, input.phases.open === 0 ? 'total' : 'phase', FIRST_LOOK, tail))
    return halt('failure-rate', `${failedOf(phase)}; ${chance(gate, tail)}`);
  const failures = phase.failed > 0 ? `, ${phase.failed} failed, which chance explains (${tail.toFixed(3)})` : '';
  return soaked(input, `${phase.verified} of ${devices(n)} verified${failures}, no other is due`);
}

function emptyPhase(input: GateInput): GateVerdict {
  const { survey, total } = input;
  if (!isLastPhase(input)) {
    // Opening on an empty fleet would open to everybody before anybody proved anything. Once an earlier phase has
    // proved it, an empty phase keeps nothing waiting: that phase may have taken the whole of a small fleet in.
    return survey.moreBeyond || total.verified > 0
      ? { action: 'advance', kind: 'empty', reason: 'no device falls into this phase: it merges with the next' }
      : hold('nobody', 'no device was seen lately that the release fits: it goes on when one checks in');
  }
  if (total.verified === 0) return hold('nobody', 'no device has verified the release, and none is due');
  return soaked(input, `${total.verified} verified in all, no device is left`);
}

/** The rule for a phase of usual size: enough proof, nearly all resolved, enough of it good, long enough. */
function proof(input: GateInput): GateVerdict {
  const { gate, phase, survey } = input;
  const nothingMore =
    survey.complete && survey.waitingInPhase === 0
      ? '; nothing more is under way: stop the rollout, or wait for more devices'
      : '';
  if (phase.verified < gate.minVerified) {
    return hold('unproven', `${phase.verified} of at least ${devices(gate.minVerified)} verified${nothingMore}`);
  }
  const unresolved = phase.begun - outcomes(phase);
  if (outcomes(phase) * 10_000 < gate.resolvedShare * phase.begun) {
    return hold('unresolved', `${unresolved} of ${devices(phase.begun)} that began are not final yet`);
  }
  // Silence takes its time: who is not heard of must not pass for good in a phase that soaks less than that.
  const worst = phase.failed + unresolved;
  if (unresolved > 0 && worst >= gate.minFailures && tailOf(gate, worst, phase.begun) < gate.significance / 10_000) {
    return hold(
      'unresolved',
      `${unresolved} of ${devices(phase.begun)} that began are not final, too many if they fail`,
    );
  }
  if (phase.verified * 10_000 < gate.successShare * phase.begun) {
    return hold(
      'failing',
      `${phase.verified} of ${devices(phase.begun)} verified, at least ${percent(gate.successShare)} must${nothingMore}`,
    );
  }
  return soaked(input, `${phase.verified} of ${devices(phase.begun)} verified`);
}

function soaked(input: GateInput, reason: string): GateVerdict {
  const age = Math.floor((input.now.getTime() - input.openedAt.getTime()) / 1000 - input.deafSeconds);
  if (age < input.gate.soakSeconds) return hold('soaking', `${reason}; soaks for ${seconds(input.gate.soakSeconds)}`);
  if (!isLastPhase(input)) return { action: 'advance', kind: 'proven', reason: `${reason}, soaked ${seconds(age)}` };
  if (!input.survey.complete)
    return hold('surveying', `${reason}; the fleet is being looked through for the last ones`);
  if (input.survey.waiting > 0) return hold('waiting', `${reason}; the last devices are still due`);
  return { action: 'complete', kind: 'proven', reason: `${reason}, soaked ${seconds(age)}` };
}

/** How likely so many failures are, or more, where the release fails as often as it may. */
function tailOf(gate: Gate, failed: number, of: number): number {
  return binomialTail(failed, of, gate.allowedFailureShare / 10_000);
}

function failedOf(counts: RolloutCounts): string {
  return `${counts.failed} of ${devices(outcomes(counts))} failed`;
}

function chance(gate: Gate, tail: number): string {
  return `with ${percent(gate.allowedFailureShare)} allowed that has a chance of ${tail.toPrecision(1)}`;
}

export function hold(kind: GateKind, reason: string): GateVerdict {
  return { action: 'hold', kind, reason };
}

function halt(kind: GateKind, reason: string): GateVerdict {
  return { action: 'halt', kind, reason };
}
