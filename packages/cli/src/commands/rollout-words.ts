/** A rollout in words, as several commands show it. */
import {
  type CodeWeights,
  type Pace,
  type Gate,
  type GateDecision,
  type RolloutCounts,
  type RolloutTotal,
  type RolloutView,
  type SettableWeight,
  WEIGHABLE_CODES,
  type Window,
  windowRuleText,
} from '@tidegate/protocol';
import { phaseText, shareWords } from '../command.ts';
import { localTime, spanWords } from '../print/when.ts';

export function phaseWords(rollout: Pick<RolloutView, 'phases' | 'openPhase'>, phase = rollout.openPhase): string {
  const share = phaseText(rollout.phases[phase] ?? {});
  return `phase ${phase + 1} of ${rollout.phases.length} (${share})`;
}

/** `5 verified, 1 failed, 2 at work of 8 offered`. */
export function countWords(counts: RolloutCounts): string {
  const { offered, verified, failed, neutral, refused } = counts;
  const working = atWork(counts);
  return [
    `${verified} verified`,
    `${failed} failed`,
    ...(refused > 0 ? [`${refused} refused as not authentic`] : []),
    ...(neutral > 0 ? [`${neutral} ended for reasons of their own`] : []),
    ...(working > 0 ? [`${working} under way`] : []),
  ]
    .join(', ')
    .concat(` of ${offered} offered`);
}

/** Nothing before they are counted. */
export function totalWords(total: RolloutTotal | null): string[] {
  if (total === null) return [];
  return [`meant     ${total.devices} devices, as they were counted ${localTime(total.countedAt)}`];
}

/** Devices that were offered the release and have not ended. */
export function atWork({ offered, verified, failed, neutral, refused }: RolloutCounts): number {
  return Math.max(0, offered - verified - failed - neutral - refused);
}

export function gateWords(gate: Gate): string[] {
  const most = gate.maxFailures === undefined ? '' : `, and at ${gate.maxFailures} in any case`;
  return [
    `advances  after ${spanWords(gate.soakSeconds)} and ${gate.minVerified} verified at least: ${shareWords(gate.resolvedShare)} of the begun final,`,
    `          ${shareWords(gate.successShare)} of them verified`,
    `halts     from ${gate.minFailures} failures on, where more than ${shareWords(gate.allowedFailureShare)} fail${most}`,
    `          (in ${shareWords(gate.significance)} of cases by mistake, at most), and where ${gate.minRefusals} refuse it as not`,
    `          authentic, and ${shareWords(gate.refusalShare)} of the begun`,
    ...weightWords(gate.weights ?? {}),
    `silence   of ${spanWords(gate.silenceSeconds)} counts as a failure`,
  ];
}

/** Nothing where every code weighs what it usually does. */
function weightWords(weights: CodeWeights): string[] {
  const named = (as: SettableWeight) => WEIGHABLE_CODES.filter(code => weights[code] === as).join(', ');
  const [counting, ignoring] = [named('counts'), named('neutral')];
  return [
    ...(counting === '' ? [] : [`counts    ${counting} as failures here`]),
    ...(ignoring === '' ? [] : [`ignores   ${ignoring} here`]),
  ];
}

/** Nothing where nobody is waited for. */
export function approvalWords({ approval, name, createdBy }: RolloutView): string[] {
  if (approval === null) return [];
  const what = approval.phase === 0 ? 'the start' : `phase ${approval.phase + 1}`;
  const whose = createdBy === null ? 'somebody' : `another person than ${createdBy}`;
  return [
    `APPROVAL  of ${what} by ${whose} is waited for until ${localTime(approval.expiresAt)}: tidegate rollout approve ${name}`,
  ];
}

/** Nothing where the rollout has no pace of its own. */
export function paceWords({ overSeconds, devicesPerMinute, ramp, devicesAtWork, leaseSeconds }: Pace): string[] {
  const parts = [
    ...(overSeconds === undefined ? [] : [`each phase evenly over ${spanWords(overSeconds)}`]),
    ...(devicesPerMinute === undefined ? [] : [`at most ${devicesPerMinute} devices a minute`]),
    ...(ramp === undefined
      ? []
      : [`from ${ramp.devicesPerMinute} a minute, times ${ramp.growth / 10_000} for every ${ramp.verified} verified`]),
    ...(devicesAtWork === undefined ? [] : [`at most ${devicesAtWork} at work`]),
    ...(leaseSeconds === undefined ? [] : [`a place is free after ${spanWords(leaseSeconds)} of silence`]),
  ];
  return parts.length === 0 ? [] : [`pace      ${parts.join(', ')}`];
}

/** Nothing where devices may install at any time. */
export function windowWords(window: Window | null | undefined): string[] {
  if (!window) return [];
  return [`window    ${window.map(windowRuleText).join(', ')}, by each device's own clock`];
}

/** Nothing where devices take the release by a rollout's word alone. */
export function selfOfferWords(
  { selfOfferAt, holdNeededBy }: Pick<RolloutView, 'selfOfferAt' | 'holdNeededBy'>,
  now: Date,
) {
  if (selfOfferAt === null) return [];
  if (holdNeededBy === null)
    return [`by itself ${localTime(selfOfferAt)}: from then on devices offer it whatever the rollout says`];
  return Date.parse(holdNeededBy) > now.getTime()
    ? [
        `HOLD      needed by ${localTime(holdNeededBy)}: sign one (tidegate-signer hold), or devices offer it all the same`,
      ]
    : [
        `HOLD      needed: since ${localTime(holdNeededBy)} devices offer it all the same, until one is signed (tidegate-signer hold)`,
      ];
}

/** It has not ended. */
export function isUnderWay({ state }: Pick<RolloutView, 'state'>): boolean {
  return state === 'running' || state === 'paused' || state === 'awaiting-approval';
}

/** As people say it. */
export function stateName(state: RolloutView['state']): string {
  return state === 'awaiting-approval' ? 'waiting for approval' : state;
}

/** The state, and where it has not begun, its start. */
export function stateWords(rollout: RolloutView, now: Date): string {
  const { state, notBefore, urgent } = rollout;
  const isWaiting = isUnderWay(rollout) && Date.parse(notBefore) > now.getTime();
  return [
    stateName(state),
    ...(isWaiting ? [`begins ${localTime(notBefore)}`] : []),
    ...(urgent ? ['urgent'] : []),
  ].join(', ');
}

const ACTORS: Readonly<Record<string, string>> = {
  pause: 'paused',
  resume: 'resumed',
  stop: 'stopped',
  retry: 'retried',
  reschedule: 'rescheduled',
  open: 'next phase opened',
  approve: 'approved',
  deny: 'denied',
};

/** `phase 1: advance: 3 of 3 devices verified, soaked 3 s`, `phase 1: paused by alice`. */
export function decisionWords({ phase, action, reason }: Pick<GateDecision, 'phase' | 'action' | 'reason'>): string {
  const acted = ACTORS[action];
  return `phase ${phase + 1}: ${acted === undefined ? `${action}: ` : `${acted} `}${reason}`;
}
