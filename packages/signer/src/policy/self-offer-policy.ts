/**
 * What a release may let devices do without the server's word: only a security release goes past a server that keeps it
 * back, and a schedule only ever opens wider. Pure.
 */
import type { Firmware, ScheduleStep } from '@tidegate/protocol';

export interface SelfOfferFault {
  /** JSON pointer into the description. */
  readonly path: string;
  readonly message: string;
}

/** All that stands against it; empty where nothing does. */
export function selfOfferFaults(
  release: Pick<Firmware, 'class' | 'schedule' | 'selfOfferAfterDays'>,
): SelfOfferFault[] {
  const { schedule = [], selfOfferAfterDays } = release;
  const faults = schedule.flatMap((step, i) => stepFaults(schedule[i - 1], step, i));
  if (selfOfferAfterDays === undefined || release.class === 'security') return faults;
  const message = `is for class security only; the class is ${release.class}`;
  return [...faults, { path: '/selfOfferAfterDays', message }];
}

function stepFaults(before: ScheduleStep | undefined, step: ScheduleStep, i: number): SelfOfferFault[] {
  if (!before) return [];
  return (['afterHours', 'basisPoints'] as const).flatMap(field =>
    step[field] > before[field]
      ? []
      : [{ path: `/schedule/${i}/${field}`, message: `must be more than ${before[field]}, that of the step before` }],
  );
}
