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
