/**
 * Offers and attempts in the database. The first offer to a device is a row, durable before the answer leaves;
 * it is written and counted in one statement, so a lost answer or a second process changes nothing.
 */
import { sql } from 'kysely';
import type { Db } from '../deps.ts';
import type { KnownAttempt } from './decide.ts';

const FIRST_ATTEMPT = 1;
/** A device has a handful of attempts; a bound keeps one that had thousands from filling the memory. */
const ATTEMPTS_RECALLED = 200;

export interface OfferAsked {
  readonly rolloutId: string;
  readonly deviceId: string;
  readonly now: Date;
}

export interface CurrentAttempt extends KnownAttempt {
  /** When it was given a place at work, or last heard of there; null: never. */
  readonly atWorkAt: Date | null;
}

/**
 * Places the first offer, or finds the attempt that is already there.
 * @returns undefined where the rollout may not offer any more
 */
export async function placeOffer(db: Db, offer: OfferAsked): Promise<KnownAttempt | undefined> {
  const { rolloutId, deviceId, now } = offer;
  const placed = await sql<{ attempt: number }>`/* plan: place-offer */
    with placed as (
      insert into attempts (rollout_id, device_id, attempt, phase, offered_at, changed_at)
      select id, ${deviceId}, ${FIRST_ATTEMPT}, open_phase, ${now}, ${now} from rollouts
      where id = ${rolloutId} and state in ('running', 'completed') and not_before <= ${now}
      on conflict do nothing
      returning rollout_id, phase, attempt
    ), counted as (
      insert into rollout_counts (rollout_id, phase, offered) select rollout_id, phase, 1 from placed
      on conflict (rollout_id, phase) do update set offered = rollout_counts.offered + 1
    )
    select attempt from placed`.execute(db);
  if (placed.rows[0]) return { attempt: placed.rows[0].attempt, state: 'offered', ended: false };

  return currentAttempt(db, offer);
}

/** Where the device stands in a rollout that may still offer; undefined: it was offered nothing there. */
export async function currentAttempt(
  db: Db,
  { rolloutId, deviceId }: Omit<OfferAsked, 'now'>,
): Promise<CurrentAttempt | undefined> {
  const { rows } = await sql<CurrentAttempt>`/* plan: current-attempt */
    select a.attempt, a.state, a.outcome is not null as ended, a.at_work_at as "atWorkAt"
    from attempts a join rollouts r on r.id = a.rollout_id
    where a.rollout_id = ${rolloutId} and a.device_id = ${deviceId} and not a.superseded
      and r.state in ('running', 'paused', 'completed')`.execute(db);
  return rows[0];
}

export interface KnownDevice {
  /** By rollout id: where it stands in every rollout that it was offered lately. */
  readonly attempts: ReadonlyMap<string, KnownAttempt>;
  readonly tags: readonly string[];
  readonly group: string | null;
}

/** One for all of them: a fleet is remembered, and this is what is known of most of it. */
export const NOTHING_KNOWN: KnownDevice = { attempts: new Map(), tags: [], group: null };

export async function knownDevice(db: Db, deviceId: string): Promise<KnownDevice> {
  const [attempts, device] = await Promise.all([
    attemptsOf(db, deviceId),
    db.selectFrom('devices').select(['tags', 'group_name']).where('id', '=', deviceId).executeTakeFirst(),
  ]);
  const [tags, group] = [device?.tags ?? [], device?.group_name ?? null];
  return attempts.size === 0 && tags.length === 0 && group === null ? NOTHING_KNOWN : { attempts, tags, group };
}

async function attemptsOf(db: Db, deviceId: string): Promise<Map<string, KnownAttempt>> {
  const rows = await db
    .selectFrom('attempts')
    .select(['rollout_id', 'attempt', 'state', 'outcome'])
    .where('device_id', '=', deviceId)
    .where('superseded', '=', false)
    .orderBy('offered_at', 'desc')
    .limit(ATTEMPTS_RECALLED)
    .execute();
  return new Map(
    rows.map(r => [r.rollout_id, { attempt: r.attempt, state: r.state, ended: r.outcome !== null }] as const),
  );
}
