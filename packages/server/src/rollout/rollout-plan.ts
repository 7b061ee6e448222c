/**
 * A rollout request, checked against the release that it names and made whole: defaults filled in, contradictions
 * refused with the place where they stand. Pure but for the salt that is handed in.
 */
import {
  type Approval,
  type Gate,
  LIMITS,
  type Pace,
  type Phase,
  type ProductPolicy,
  type ReleaseClass,
  type RolloutRequest,
  type Window,
  windowFault,
} from '@tidegate/protocol';
import type { Selectable } from 'kysely';
import type { ReleasesTable } from '../db/schema.ts';
import { ServerError } from '../server-error.ts';
import { compileChoice } from './filter.ts';
import type { Choice } from './filter-tree.ts';
import { refuseShortSoak, wholeGate } from './gate-plan.ts';

export interface RolloutPlan extends Choice {
  readonly name: string;
  readonly release: Selectable<ReleasesTable>;
  readonly phases: Phase[];
  readonly gate: Gate;
  readonly pace: Pace;
  /** Null: devices may install at any time. */
  readonly window: Window | null;
  readonly urgent: boolean;
  readonly salt: string;
  readonly notBefore: Date;
  readonly pollDuringUpdateSeconds: number;
}

const POLL_DURING_UPDATE_SECONDS = 120;

/**
 * @throws ServerError `release-unknown`, `phases-not-growing`, `gate-impossible`, `soak-too-short`, `filter-invalid` or
 * `invalid-input`, each with the path of the field
 */
export function planRollout(
  request: RolloutRequest,
  release: Selectable<ReleasesTable> | undefined,
  given: { readonly salt: string; readonly now: Date; readonly policy?: ProductPolicy | undefined },
): RolloutPlan {
  if (!release) throw fault('release-unknown', `«${request.target}» is not published`, '/target');
  if (release.withdrawn_at) throw fault('release-unknown', `«${request.target}» was withdrawn`, '/target');
  const choice = { filter: request.filter ?? null, exclude: request.exclude ?? null };
  compileChoice(choice);
  checkPhases(request.phases);
  checkWindow(request.window);
  checkUrgency(request, release.class);
  const { policy = {} } = given;
  const gate = wholeGate(request.gate ?? {}, policy.gate);
  // No phase waits for the soak of the only one; what is urgent does not wait for the silent.
  if (request.phases.length > 1 && request.urgent !== true) refuseShortSoak(gate);
  return {
    name: request.name ?? `${release.component} ${release.version}`,
    release,
    ...choice,
    phases: approvedPhases(request.phases, policy.approval),
    gate,
    pace: wholePace(request, policy.pace),
    window: request.window ?? null,
    urgent: request.urgent ?? false,
    salt: request.salt ?? given.salt,
    notBefore: request.notBefore === undefined ? given.now : startTime(request.notBefore, given.now),
    pollDuringUpdateSeconds: request.pollDuringUpdateSeconds ?? POLL_DURING_UPDATE_SECONDS,
  };
}

function checkPhases(phases: readonly Phase[]): void {
  for (const [i, phase] of phases.entries()) {
    if ((phase.basisPoints === undefined) === (phase.devices === undefined)) {
      throw fault('invalid-input', 'a phase has either basisPoints or devices', `/phases/${i}`);
    }
    const before = phases[i - 1];
    if (before && !grows(before, phase)) {
      const detail =
        'each phase must open a larger share than the one before, or to more devices; numbers stand before shares';
      throw fault('phases-not-growing', detail, `/phases/${i}`);
    }
  }
}

function grows(before: Phase, after: Phase): boolean {
  if (after.devices !== undefined) return before.devices !== undefined && after.devices > before.devices;
  return (after.basisPoints ?? 0) > (before.basisPoints ?? 0);
}

/** A rollout may ask for more approval than its product does, never for less. */
function approvedPhases(phases: readonly Phase[], approval: Approval = 'none'): Phase[] {
  return phases.map(({ approval: asked, ...phase }, i) => {
    const isNeeded = asked === true || approval === 'each-phase' || (approval === 'start' && i === 0);
    return { ...phase, ...(isNeeded && { approval: true }) };
  });
}

/** What is urgent is not spread over time, whatever the product's policy says. */
function wholePace({ pace, urgent }: RolloutRequest, { overSeconds, ...ceilings }: Pace = {}): Pace {
  const spread = overSeconds !== undefined && urgent !== true ? { overSeconds } : {};
  return { ...spread, ...ceilings, ...pace };
}

function checkWindow(window: Window | undefined): void {
  const wrong = window && windowFault(window);
  if (wrong) throw fault('invalid-input', `/window${wrong.path} ${wrong.message}`, `/window${wrong.path}`);
}

/** What is urgent is not spread over time: to ask for both is a slip that is better told than guessed at. */
function checkUrgency({ urgent, pace }: RolloutRequest, releaseClass: ReleaseClass): void {
  if (urgent !== true) return;
  if (releaseClass !== 'security') {
    throw fault(
      'invalid-input',
      `only a security release is urgent, and this is one of class ${releaseClass}`,
      '/urgent',
    );
  }
  if (pace?.overSeconds !== undefined) {
    throw fault('invalid-input', 'what is urgent is not spread over time; ceilings hold', '/pace/overSeconds');
  }
}

/** @throws ServerError `invalid-input` at `/notBefore`; a time that is past means now */
export function startTime(text: string, now: Date): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw fault('invalid-input', `«${text}» is no existing time`, '/notBefore');
  if (time.getTime() > now.getTime() + LIMITS.startAheadSeconds * 1000) {
    throw fault('invalid-input', `«${text}» is more than a year ahead`, '/notBefore');
  }
  return time < now ? now : time;
}

function fault(code: 'release-unknown' | 'phases-not-growing' | 'invalid-input', detail: string, path: string) {
  return new ServerError(code, detail, { path });
}
