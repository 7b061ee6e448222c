/**
 * What a rollout would do, before it does it: the release, how many devices of today's fleet it is for, what is in
 * its way.
 */
import { RolloutPreview, type RolloutRequest, type SteppingStone } from '@tidegate/protocol';
import type { AdminApi } from '../api/admin-api.ts';
import { phaseText } from '../command.ts';
import { localTime } from '../print/when.ts';
import { gateWords, paceWords, stateName, windowWords } from './rollout-words.ts';

export interface Overview extends RolloutPreview {
  readonly request: RolloutRequest;
}

/** @throws CliError `release-unknown`, and whatever else the server says of the request */
export async function overview(api: AdminApi, request: RolloutRequest): Promise<Overview> {
  return { request, ...(await api.post('/rollouts/preview', request, RolloutPreview)) };
}

export function overviewLines(plan: Overview, now: Date): string[] {
  const { request, release, devices, phases, sample, conflicts, stone } = plan;
  return [
    `release   ${release.component} ${release.version} (counter ${release.counter}, ${release.class}) for ${release.hardware.join(', ')}`,
    `channel   ${release.product}/${release.channel}`,
    `filter    ${request.filter ?? 'none'}`,
    ...(request.exclude === undefined ? [] : [`exclude   ${request.exclude}`]),
    `devices   ${deviceWords(devices)}`,
    ...(sample.length > 0
      ? [
          `such as   ${sample
            .map(d => d.id)
            .slice(0, SAMPLE_SHOWN)
            .join(', ')}`,
        ]
      : []),
    `phases    ${phases.map((phase, i) => phaseLine(request, i, phase)).join(', then ')}`,
    ...beginsLine(request.notBefore, now),
    ...(request.urgent === true ? ['urgent    before every rollout that is not; not spread over time'] : []),
    ...paceWords(plan.pace),
    ...windowWords(request.window),
    ...gateWords(plan.gate),
    ...(stone === null || stone.devices === 0 ? [] : stoneLines(stone, devices.exact)),
    ...conflicts.map(
      c =>
        `conflict  ${c.rolloutId} ${c.name} (${stateName(c.state)}) ${CONFLICT_WORDS[c.effect]}; ` +
        `${devices.exact ? '' : 'about '}${c.devices} of the devices are its own too`,
    ),
  ];
}

function beginsLine(notBefore: string | undefined, now: Date): string[] {
  if (notBefore === undefined) return [];
  const isPast = Date.parse(notBefore) <= now.getTime();
  return [`begins    ${isPast ? `at once: ${localTime(notBefore)} is past` : localTime(notBefore)}`];
}

const SAMPLE_SHOWN = 3;

const CONFLICT_WORDS: Readonly<Record<RolloutPreview['conflicts'][number]['effect'], string>> = {
  refuses: 'is for the same component and hardware: stop it first',
  overtaken: 'gives its devices that have not begun to this one',
};

function stoneLines({ leastCounter, devices, rollouts, missing }: SteppingStone, exact: boolean): string[] {
  const led = rollouts.map(r => `${r.name} (${stateName(r.state)})`).join(', ');
  return [
    `stone     ${exact ? '' : 'about '}${devices} of them run less than counter ${leastCounter} and get another release first${led === '' ? '' : `: ${led}`}`,
    ...missing.map(({ hardware, release }) =>
      release === null
        ? `MISSING   nothing that is published leads ${hardware} there`
        : `MISSING   no rollout leads ${hardware} there: create one of ${release}`,
    ),
  ];
}

function deviceWords({ meant, current, exact, margin, looked }: RolloutPreview['devices']): string {
  const count = exact
    ? `${meant} today`
    : `about ${meant} today (give or take ${margin}, estimated from ${looked} of the product)`;
  return `${count}${current > 0 ? `, and ${exact ? '' : 'about '}${current} that run it or newer` : ''}`;
}

function phaseLine({ phases }: RolloutRequest, index: number, { devices, approval }: RolloutPreview['phases'][number]) {
  return `${phaseText(phases[index] ?? {})} (about ${devices}${approval ? ', once another person approves' : ''})`;
}
