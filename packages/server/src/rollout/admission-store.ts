/**
 * Letting devices in one by one, for rollouts with a count or a pace: one transaction under the lock of the rollout's
 * row of admissions, so any number of processes keep to one count, one rate and one number of places at work;
 * downloads are counted over all rollouts, under a lock that is taken after that one. All of it is durable: a process
 * that dies takes no place with it.
 */
import { sql } from 'kysely';
import type { Db } from '../deps.ts';
import { admit, type Admission } from './admission.ts';
import { countsOfRollouts, totalCounts } from './counts-store.ts';
import { heardSince } from './deaf-spell.ts';
import type { KnownAttempt } from './decide.ts';
import { deafSpells } from './hearing-store.ts';
import { currentAttempt, type CurrentAttempt, type OfferAsked, placeOffer } from './offer-store.ts';
import { leaseSeconds, phaseProgress, ratePerMinute } from './pace.ts';
import { findRollout } from './rollout-store.ts';
import { type RunningRollout, runningRollout } from './running-rollout.ts';

/** There is no place for the device now; nobody else need ask before then either. */
export interface NoPlace {
  readonly closedUntil: Date;
}

/** As `placeOffer`, where there is a place. */
export async function admitDevice(
  db: Db,
  asked: OfferAsked,
  downloadsAtOnce?: number,
): Promise<KnownAttempt | NoPlace | undefined> {
  const row = await findRollout(db, asked.rolloutId);
  if (!row) return undefined;
  const rollout = runningRollout(row);
  const known = await currentAttempt(db, asked);
  const hasCeiling = rollout.pace.devicesAtWork !== undefined || downloadsAtOnce !== undefined;
  if (known && wasLetIn(known, hasCeiling)) return known;
  return await db.transaction().execute(async tx => {
    const nextAt = await lockAdmissions(tx, asked);
    // Another process may have let it in while this one waited for the lock.
    const current = await currentAttempt(tx, asked);
    if (current && wasLetIn(current, hasCeiling)) return current;
    const verdict = await judge(tx, rollout, { ...asked, isNew: current === undefined, nextAt, downloadsAtOnce });
    if (verdict.kind === 'wait') return { closedUntil: verdict.until };
    const placed = await placeOffer(tx, asked);
    if (placed && !placed.ended) await keepPlace(tx, asked, verdict.nextAt);
    return placed;
  });
}

/**
 * It was let in before. One that waited for its owner and begins late takes its place at work unasked: it counts, so new
 * ones wait, but what its owner was told is not taken back. A retried attempt has had no place yet.
 */
function wasLetIn({ ended, state, atWorkAt }: CurrentAttempt, hasCeiling: boolean): boolean {
  return ended || state !== 'offered' || atWorkAt !== null || !hasCeiling;
}

/** While the server could not hear, devices at work could not say that they still are. */
async function leaseStart(tx: Db, pace: RunningRollout['pace'], now: Date): Promise<Date> {
  return heardSince(now, leaseSeconds(pace), await deafSpells(tx));
}

async function lockAdmissions(tx: Db, { rolloutId, now }: OfferAsked): Promise<Date> {
  await tx
    .insertInto('rollout_admissions')
    .values({ rollout_id: rolloutId, next_at: now })
    .onConflict(oc => oc.doNothing())
    .execute();
  const { next_at } = await tx
    .selectFrom('rollout_admissions')
    .select('next_at')
    .where('rollout_id', '=', rolloutId)
    .forUpdate()
    .executeTakeFirstOrThrow();
  return next_at;
}

interface Judged {
  readonly isNew: boolean;
  readonly nextAt: Date;
  readonly downloadsAtOnce: number | undefined;
}

async function judge(
  tx: Db,
  rollout: RunningRollout,
  { isNew, nextAt, now, downloadsAtOnce }: OfferAsked & Judged,
): Promise<Admission> {
  const { pace, openDevices, devicesBefore, openedAt } = rollout;
  const { offered, verified } = totalCounts((await countsOfRollouts(tx, [rollout.id])).get(rollout.id) ?? new Map());
  const progress = phaseProgress(pace, openedAt, now);
  return admit({
    isNew,
    admitted: offered,
    places: openDevices && devicesBefore + Math.ceil(progress * (openDevices - devicesBefore)),
    nextAt,
    ratePerMinute: ratePerMinute(pace, verified),
    atWork: pace.devicesAtWork === undefined ? 0 : await countAtWork(tx, rollout, now),
    atWorkMost: pace.devicesAtWork,
    downloading: downloadsAtOnce === undefined ? 0 : await countDownloading(tx, downloadsAtOnce, now),
    downloadingMost: downloadsAtOnce,
    now,
  });
}

/**
 * Those whose lease has not run out; counting ends at the ceiling. One that has the release and does not begin keeps its
 * place for as long as the rollout's window may hold it back: whoever waits for an owner must not keep others out for ever.
 */
async function countAtWork(tx: Db, { id, pace, closedSeconds }: RunningRollout, now: Date): Promise<number> {
  const lease = await leaseStart(tx, pace, now);
  const downloadedSince = new Date(lease.getTime() - closedSeconds * 1000);
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from (
      select 1 from attempts where rollout_id = ${id} and outcome is null and at_work_at > ${lease}
        and (state <> 'downloaded' or changed_at > ${downloadedSince})
      limit ${pace.devicesAtWork ?? 0}
    ) as working`.execute(tx);
  return rows[0]?.n ?? 0;
}

const DOWNLOADS_LOCK = 0x71de_0003;

/**
 * Over all rollouts, held still until the transaction ends. One that was given a place and is not heard of downloads no
 * more; one that has all its bytes needs none.
 */
async function countDownloading(tx: Db, most: number, now: Date): Promise<number> {
  await sql`select pg_advisory_xact_lock(${DOWNLOADS_LOCK}::bigint)`.execute(tx);
  const lease = await leaseStart(tx, {}, now);
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from (
      select 1 from attempts
      where outcome is null and at_work_at > ${lease} and state in ('offered', 'downloading') limit ${most}
    ) as downloading`.execute(tx);
  return rows[0]?.n ?? 0;
}

async function keepPlace(tx: Db, { rolloutId, deviceId, now }: OfferAsked, nextAt: Date): Promise<void> {
  await tx
    .updateTable('attempts')
    .set({ at_work_at: now })
    .where('rollout_id', '=', rolloutId)
    .where('device_id', '=', deviceId)
    .where('superseded', '=', false)
    .execute();
  await tx.updateTable('rollout_admissions').set({ next_at: nextAt }).where('rollout_id', '=', rolloutId).execute();
}
