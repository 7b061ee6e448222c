/** Alarms of devices: when each was last raised, until a person has seen to it. */
import type { DeviceAlarm } from '@tidegate/protocol';
import type { DevicesTable } from '../db/schema.ts';
import type { Db } from '../deps.ts';

export const ALARM_COLUMNS = {
  clone: 'clone_alarm_at',
  'claim-token-used': 'token_alarm_at',
} as const satisfies Record<DeviceAlarm['alarm'], keyof DevicesTable>;

export async function raiseTokenAlarm(db: Db, deviceId: string, now: Date): Promise<void> {
  await db.updateTable('devices').set({ token_alarm_at: now }).where('id', '=', deviceId).execute();
}

/**
 * A person has seen to it. What the clone alarm was told by is forgotten with it: it must not be raised again by the
 * machine that stays. False where there is no such alarm.
 */
export async function clearAlarm(db: Db, deviceId: string, alarm: DeviceAlarm['alarm']): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('devices')
    .set({ [ALARM_COLUMNS[alarm]]: null, ...(alarm === 'clone' && { recent_boot_ids: [] }) })
    .where('id', '=', deviceId)
    .where(ALARM_COLUMNS[alarm], 'is not', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}
