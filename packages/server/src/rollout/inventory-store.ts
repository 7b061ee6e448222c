/**
 * What devices say of themselves, written in batches: one transaction however many devices. All of a batch or nothing,
 * so that a batch may be written again after a failure. Where processes heard a device in turn, what was said last stays.
 */
import type { CheckInRequest } from '@tidegate/protocol';
import { sql, type Transaction } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { Db } from '../deps.ts';
import { followBoots } from '../identity/boot-trail.ts';
import type { SaidFacts } from './device-facts.ts';

export interface Sighting {
  readonly facts: SaidFacts;
  readonly at: Date;
  /** Boots that it was heard of in since its last sighting was written, oldest first. */
  readonly bootIds: readonly string[];
  /** The update that the device says it is working on. */
  readonly update: CheckInRequest['update'];
}

/** A last sighting that lies further ahead is no reason to believe nothing newer: some server's clock was wrong. */
const CLOCKS_DIFFER = sql`interval '1 hour'`;

/**
 * Writes the last sighting of each device; devices that are gone are passed over.
 * @returns the devices on which the clone alarm was raised
 */
export function writeSightings(db: Db, sightings: readonly Sighting[]): Promise<string[]> {
  return db.transaction().execute(async tx => {
    // In the order of ids, as by every writer of many: two batches wait for each other instead of locking up.
    await sql`
      select from devices where id = any(${sightings.map(s => s.facts.id)}::text[])
      order by id for no key update`.execute(tx);
    // Boots first: they ask when the device was last seen.
    const clones = await writeBoots(tx, sightings);
    await writeInventory(tx, sightings);
    await touchAttempts(tx, sightings);
    return clones;
  });
}

async function writeInventory(tx: Transaction<Database>, sightings: readonly Sighting[]): Promise<void> {
  const of = <T>(read: (s: Sighting) => T) => sightings.map(read);
  await sql`
    update devices set hardware = s.hardware, channel = s.channel, components = s.components,
      attributes = s.attributes, canary = s.canary, last_seen_at = s.seen_at
    from unnest(
      ${of(s => s.facts.id)}::text[], ${of(s => s.facts.hardware)}::text[], ${of(s => s.facts.channel)}::text[],
      ${of(s => JSON.stringify(s.facts.components))}::jsonb[], ${of(s => JSON.stringify(s.facts.attributes))}::jsonb[],
      ${of(s => s.facts.canary)}::boolean[], ${of(s => s.at)}::timestamptz[]
    ) as s (id, hardware, channel, components, attributes, canary, seen_at)
    where devices.id = s.id
      and (s.seen_at >= coalesce(last_seen_at, '-infinity') or last_seen_at > now() + ${CLOCKS_DIFFER})`.execute(tx);
}

/**
 * Only of those devices that have changed their boot. A sighting older than what is written says nothing about an order,
 * and one of the same moment is the one that is written: its batch came again because the answer was lost.
 */
async function writeBoots(tx: Transaction<Database>, sightings: readonly Sighting[]): Promise<string[]> {
  const byDevice = new Map(sightings.map(s => [s.facts.id, s]));
  const { rows } = await sql<{ id: string; recent_boot_ids: string[] }>`
    select devices.id, recent_boot_ids from devices join unnest(
      ${sightings.map(s => s.facts.id)}::text[], ${sightings.map(s => s.at)}::timestamptz[],
      ${sightings.map(s => s.bootIds.at(-1) ?? '')}::text[], ${sightings.map(s => s.bootIds.length)}::int[]
    ) as s (id, seen_at, boot_id, boots) on devices.id = s.id
    where s.seen_at > coalesce(last_seen_at, '-infinity')
      and (s.boots > 1 or recent_boot_ids[cardinality(recent_boot_ids)] is distinct from s.boot_id)`.execute(tx);
  if (rows.length === 0) return [];
  const trails = rows.map(row => ({
    id: row.id,
    at: byDevice.get(row.id)?.at,
    ...followBoots(row.recent_boot_ids, byDevice.get(row.id)?.bootIds ?? []),
  }));
  await sql`
    update devices set recent_boot_ids = string_to_array(s.recent, ','),
      clone_alarm_at = case when s.is_clone then s.seen_at else clone_alarm_at end
    from unnest(
      ${trails.map(t => t.id)}::text[], ${trails.map(t => t.recent.join(','))}::text[],
      ${trails.map(t => t.isClone)}::boolean[], ${trails.map(t => t.at)}::timestamptz[]
    ) as s (id, recent, is_clone, seen_at)
    where devices.id = s.id`.execute(tx);
  return trails.flatMap(t => (t.isClone ? [t.id] : []));
}

/**
 * A device that checks in during its update is not silent. Before it began, only progress counts, not presence. One that
 * is at work keeps its place; one that waits for its owner does not. Locked in one order, as by every writer of many.
 */
async function touchAttempts(tx: Transaction<Database>, sightings: readonly Sighting[]): Promise<void> {
  const working = sightings.flatMap(s => (s.update ? [{ id: s.facts.id, at: s.at, ...s.update }] : []));
  if (working.length === 0) return;
  await sql`
    with locked as (
      select a.rollout_id, a.device_id, a.attempt from attempts a
      join unnest(${working.map(w => w.rolloutId)}::text[], ${working.map(w => w.id)}::text[]) as w (rollout_id, device_id)
        using (rollout_id, device_id)
      where a.outcome is null
      order by a.device_id, a.rollout_id, a.attempt for no key update of a
    )
    update attempts set
      changed_at = case when attempts.begun then greatest(changed_at, s.seen_at) else changed_at end,
      at_work_at = case when s.at_work and at_work_at is not null then greatest(at_work_at, s.seen_at) else at_work_at end
    from unnest(
      ${working.map(w => w.rolloutId)}::text[], ${working.map(w => w.id)}::text[],
      ${working.map(w => w.attempt)}::int[], ${working.map(w => w.at)}::timestamptz[],
      ${working.map(w => w.state !== 'offered')}::boolean[]
    ) as s (rollout_id, device_id, attempt, seen_at, at_work) join locked using (rollout_id, device_id, attempt)
    where attempts.rollout_id = s.rollout_id and attempts.device_id = s.device_id
      and attempts.attempt = s.attempt and attempts.outcome is null
      and (attempts.begun or (s.at_work and attempts.at_work_at is not null))`.execute(tx);
}
