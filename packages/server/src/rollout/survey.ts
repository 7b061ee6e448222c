/**
 * Which devices still have a say in a phase, from the database: those with an attempt under way, and those that are
 * due but were not offered yet. A device that was lost, or that postpones, keeps nothing waiting (EN 303 645 5.3-9:
 * the owner may postpone). Counting ends at the cap, and a tick looks at so many devices at most: a large fleet is read
 * through over several ticks, and the survey says that it is not complete until then.
 */
import { LIMITS } from '@tidegate/protocol';
import { sql } from 'kysely';
import type { Db } from '../deps.ts';
import { type DeafSpell, heardSince } from './deaf-spell.ts';
import type { DeviceFacts } from './device-facts.ts';
import { REWRITE_SECONDS } from './device-memory.ts';
import { fits, inOpenShare, meant } from './eligible.ts';
import type { Survey } from './gate.ts';
import type { RunningRollout } from './running-rollout.ts';
import { forgetProgress, keepProgress, surveyProgress } from './survey-store.ts';

const PAGE = 1000;
/** About a tenth of a second in all. */
export const PAGES_PER_TICK = 10;

export interface SurveyRequest {
  readonly rollout: RunningRollout;
  readonly openedAt: Date;
  readonly silenceSeconds: number;
  readonly pollSeconds: number;
  /** Devices that have spoken in the open phase. */
  readonly outcomes: number;
  /** Where counting ends: see `surveyCap`. */
  readonly cap: number;
  /** Devices that the open phase still takes, where it is a number of them; undefined: as many as its share holds. */
  readonly placesLeft?: number;
  /** When nobody could be heard: that time makes no device unseen. */
  readonly deaf: readonly DeafSpell[];
  readonly now: Date;
}

export async function surveyRollout(db: Db, request: SurveyRequest): Promise<Survey> {
  const { inPhase: activeInPhase, elsewhere } = await attemptsUnderWay(db, request);
  const active = activeInPhase + elsewhere;
  // Enough are under way: whether others are still due changes no decision now.
  if (active > 0 && request.outcomes + activeInPhase >= request.cap) {
    return { waitingInPhase: activeInPhase, waiting: active, moreBeyond: true, complete: true };
  }
  const needed = Math.max(1, request.cap - request.outcomes - activeInPhase);
  const { due, ...rest } = await notOffered(db, request, needed);
  return { waitingInPhase: activeInPhase + due, waiting: active + due, ...rest };
}

/** A device was seen if it checked in within this time: its silence, or two polls, and the delay of the inventory. */
function seenSince({ now, silenceSeconds, pollSeconds, deaf }: SurveyRequest): Date {
  return heardSince(now, Math.max(silenceSeconds, 2 * pollSeconds) + REWRITE_SECONDS, deaf);
}

/**
 * By the phase of their offer, so many as the cap asks for: thousands are not counted at each tick. Each device is looked
 * up by itself: a join would read through all attempts of the fleet.
 */
async function attemptsUnderWay(db: Db, request: SurveyRequest): Promise<{ inPhase: number; elsewhere: number }> {
  const { rollout, now, silenceSeconds, deaf } = request;
  // One that began is waited for until it is final, or silent. One that waits for the rollout's window still has its say;
  // one that its owner keeps waiting for longer has not.
  const movedAfter = heardSince(now, silenceSeconds + rollout.closedSeconds, deaf);
  const count = (isOpen: boolean) => sql`
    select count(*) from (
      select from attempts
      where rollout_id = ${rollout.id} and outcome is null and (phase = ${rollout.openPhase}) = ${isOpen}
        and (begun or changed_at > ${movedAfter})
        and (select revoked_at is null and (begun or last_seen_at > ${seenSince(request)}) from devices where id = device_id)
      limit ${Math.max(1, request.cap)}
    ) as found`;
  const { rows } = await sql<{ inPhase: number; elsewhere: number }>`
    select (${count(true)}) as "inPhase", (${count(false)}) as elsewhere`.execute(db);
  return rows[0] ?? { inPhase: 0, elsewhere: 0 };
}

interface NotOffered extends Pick<Survey, 'moreBeyond' | 'complete'> {
  readonly due: number;
}

/** @param needed so many that are due are enough to know */
async function notOffered(db: Db, request: SurveyRequest, needed: number): Promise<NotOffered> {
  const { rollout, openedAt, now } = request;
  // One that polls and is not offered for so long is kept by something else, such as a security rollout.
  const until = new Date(openedAt.getTime() + (rollout.pace.overSeconds ?? 0) * 1000);
  const waitForDue = until > seenSince(request) || openedAt > now;
  const isWhole = rollout.openShare >= LIMITS.shareMax && rollout.openDevices === undefined;
  const places = request.placesLeft ?? Number.POSITIVE_INFINITY;
  if (!waitForDue && isWhole) return { due: 0, moreBeyond: false, complete: true };
  const before = await surveyProgress(db, rollout.id, openedAt);
  let [after, due, moreBeyond] = [before?.after ?? '', 0, before?.moreBeyond ?? false];
  for (let page = 0; page < PAGES_PER_TICK; page += 1) {
    const devices = await unofferedPage(db, request, after);
    for (const device of devices) {
      if (!fits(rollout, device) || !meant(rollout, device, now)) continue;
      if (!inOpenShare(rollout, device) || due >= places) moreBeyond = true;
      else if (waitForDue) due += 1;
    }
    if (devices.length < PAGE || due >= needed || (moreBeyond && !waitForDue)) {
      if (before) await forgetProgress(db, rollout.id);
      // Those found at earlier ticks may have been offered since: that they were due keeps the phase open, no more.
      return before?.due ? { due, moreBeyond, complete: false } : { due, moreBeyond, complete: true };
    }
    after = devices.at(-1)?.id ?? '';
  }
  await keepProgress(db, rollout.id, openedAt, { after, due: due > 0 || (before?.due ?? false), moreBeyond });
  return { due, moreBeyond, complete: false };
}

async function unofferedPage(db: Db, request: SurveyRequest, after: string): Promise<DeviceFacts[]> {
  const { rollout } = request;
  const rows = await db
    .selectFrom('devices')
    .select(['id', 'product', 'channel', 'hardware', 'components', 'attributes', 'canary', 'tags'])
    .select(['group_name', 'last_seen_at'])
    .where('product', '=', rollout.product)
    .where('channel', '=', rollout.channel)
    .where('hardware', 'in', rollout.hardware)
    .where('revoked_at', 'is', null)
    .where('last_seen_at', '>', seenSince(request))
    .where('id', '>', after)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('attempts')
            .select('attempts.device_id')
            .where('attempts.rollout_id', '=', rollout.id)
            .whereRef('attempts.device_id', '=', 'devices.id'),
        ),
      ),
    )
    .orderBy('id')
    .limit(PAGE)
    .execute();
  return rows.map(({ last_seen_at: lastCheckIn, group_name: group, ...r }) => ({
    ...r,
    group,
    lastCheckIn,
    channel: r.channel ?? '',
    hardware: r.hardware ?? '',
  }));
}
