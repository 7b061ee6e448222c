/** What devices say of themselves, written in batches: one statement however many devices. */
import type { CheckInRequest } from '@tidegate/protocol';
import { sql } from 'kysely';
import type { Db } from '../deps.ts';
import type { DeviceFacts } from './device-facts.ts';

export interface Sighting {
  readonly facts: DeviceFacts;
  readonly at: Date;
  /** The update that the device says it is working on. */
  readonly update: CheckInRequest['update'];
}

/** Writes the last sighting of each device; devices that are gone are passed over. */
export async function writeInventory(db: Db, sightings: readonly Sighting[]): Promise<void> {
  const of = <T>(read: (s: Sighting) => T) => sightings.map(read);
  await sql`
    update devices set hardware = s.hardware, channel = s.channel, components = s.components,
      attributes = s.attributes, last_seen_at = greatest(devices.last_seen_at, s.seen_at)
    from unnest(
      ${of(s => s.facts.id)}::text[], ${of(s => s.facts.hardware)}::text[], ${of(s => s.facts.channel)}::text[],
      ${of(s => JSON.stringify(s.facts.components))}::jsonb[], ${of(s => JSON.stringify(s.facts.attributes))}::jsonb[],
      ${of(s => s.at)}::timestamptz[]
    ) as s (id, hardware, channel, components, attributes, seen_at)
    where devices.id = s.id`.execute(db);
}

/** A device that checks in during its update is not silent. Before it began, only progress counts, not presence. */
export async function touchAttempts(db: Db, sightings: readonly Sighting[]): Promise<void> {
  const working = sightings.flatMap(s => (s.update ? [{ id: s.facts.id, at: s.at, ...s.update }] : []));
  if (working.length === 0) return;
  await sql`
    update attempts set changed_at = greatest(changed_at, s.seen_at)
    from unnest(
      ${working.map(w => w.rolloutId)}::text[], ${working.map(w => w.id)}::text[],
      ${working.map(w => w.attempt)}::int[], ${working.map(w => w.at)}::timestamptz[]
    ) as s (rollout_id, device_id, attempt, seen_at)
    where attempts.rollout_id = s.rollout_id and attempts.device_id = s.device_id
      and attempts.attempt = s.attempt and attempts.begun and attempts.outcome is null`.execute(db);
}
