/**
 * What happened to a device, newest first, from the rows that there are anyway: its enrolment, offers, reports, alarms,
 * revocation. Reports are forgotten after their time; the rest stays. A page goes on after the last event's own place,
 * so nothing is told twice while new events come in.
 */
import { type DeviceEvent, UPDATE_STATES } from '@tidegate/protocol';
import { sql } from 'kysely';
import type { Db } from '../deps.ts';

/** An event with its place in the order: also the `after` of the page that follows. */
export interface PlacedEvent {
  readonly place: string;
  readonly event: DeviceEvent;
}

interface Row extends Omit<DeviceEvent, 'at'> {
  readonly at: Date;
  readonly tie: string;
}

const PLACE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)_(.{1,150})$/;

/** @returns undefined where the text is no place */
export function parsePlace(text: string): { at: Date; tie: string } | undefined {
  const [, time = '', tie = ''] = PLACE.exec(text) ?? [];
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? undefined : { at, tie };
}

/**
 * Of events at the same moment the later kind comes first; of one batch of reports, the device's own clock and the order
 * of states decide, since they arrived together.
 */
export async function listEvents(
  db: Db,
  deviceId: string,
  after: { at: Date; tie: string } | undefined,
  limit: number,
): Promise<PlacedEvent[]> {
  const { rows } = await sql<Row>`
    select kind, date_trunc('milliseconds', at) as at, tie, "rolloutId", attempt, target, state, code, detail from (
      select 'enrolled' as kind, enrolled_at as at, 'a' as tie, null as "rolloutId", null::int as attempt,
        null as target, null as state, null as code, enrolled_by as detail
      from devices where id = ${deviceId}
      union all
      select 'alarm', clone_alarm_at, 'b/clone', null, null, null, null, null, 'clone'
      from devices where id = ${deviceId} and clone_alarm_at is not null
      union all
      select 'alarm', token_alarm_at, 'b/token', null, null, null, null, null, 'claim-token-used'
      from devices where id = ${deviceId} and token_alarm_at is not null
      union all
      select 'offered', offered_at, 'c/' || rollout_id || '/' || lpad(attempt::text, 4, '0'), rollout_id, attempt,
        rollouts.target, null, null, null
      from attempts join rollouts on rollouts.id = rollout_id where device_id = ${deviceId}
      union all
      select 'reported', received_at, 'd/' || to_char(device_time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS')
        || '/' || array_position(${[...UPDATE_STATES]}::text[], state) || '/' || id,
        rollout_id, attempt, target, state, code, detail
      from reports where device_id = ${deviceId}
      union all
      select 'revoked', revoked_at, 'e', null, null, null, null, null, null
      from devices where id = ${deviceId} and revoked_at is not null
    ) as events
    ${after === undefined ? sql`` : sql`where (date_trunc('milliseconds', at), tie collate "C") < (${after.at}, ${after.tie})`}
    order by 2 desc, tie collate "C" desc limit ${limit}`.execute(db);
  return rows.map(({ at, tie, ...rest }) => {
    const time = at.toISOString();
    return { place: `${time}_${tie}`, event: { ...rest, at: time } };
  });
}
