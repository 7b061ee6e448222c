/**
 * What a release lets devices do without the server's word, as signed with it. `schedule`: who may take it when, where no
 * server speaks. `selfOfferAfterDays`: from then on every device offers it to its owner, whatever a server says or keeps
 * back. Pure; both sides reckon with these functions alone.
 */
import type { Static } from 'typebox';
import * as Type from './type.ts';
import { LIMITS } from './limits.ts';

export const ScheduleStep = Type.Object({
  /** Counted from `releasedAt`. */
  afterHours: Type.Integer({ minimum: 0, maximum: LIMITS.scheduleHours }),
  /** Share of the devices, cumulative. */
  basisPoints: Type.Integer({ minimum: 1, maximum: LIMITS.shareMax }),
});
export type ScheduleStep = Static<typeof ScheduleStep>;

export const SelfOfferFields = {
  schedule: Type.Optional(Type.Array(ScheduleStep, { minItems: 1, maxItems: LIMITS.scheduleSteps })),
  /** Of class `security` only. Counted from `releasedAt`. */
  selfOfferAfterDays: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.selfOfferDays })),
};

export interface SelfOffered {
  readonly class: 'security' | 'maintenance' | 'feature';
  readonly releasedAt: string;
  readonly schedule?: readonly ScheduleStep[];
  readonly selfOfferAfterDays?: number;
}

const HOUR_MS = 3600_000;

/** The share of devices that the schedule has opened by then, in basis points; 0 where it has none. */
export function scheduledShare({ releasedAt, schedule = [] }: SelfOffered, atMs: number): number {
  const hours = (atMs - Date.parse(releasedAt)) / HOUR_MS;
  return Math.max(0, ...schedule.filter(s => s.afterHours <= hours).map(s => s.basisPoints));
}

/**
 * From when on devices offer it to their owners, whatever a server says: what is not to reach them must be held or
 * withdrawn by signature before. Milliseconds since 1970; undefined where it is never so.
 */
export function selfOfferAtMs(release: SelfOffered): number | undefined {
  if (release.class !== 'security' || release.selfOfferAfterDays === undefined) return undefined;
  return Date.parse(release.releasedAt) + release.selfOfferAfterDays * 24 * HOUR_MS;
}
