/** A device in words, as several commands show it. */
import type { DeviceView } from '@tidegate/protocol';

export function runs({ components }: Pick<DeviceView, 'components'>): string {
  return components.map(c => `${c.component} ${c.version}`).join(', ') || '-';
}

/** What a person should look at. */
export function remarks({ alarms, revokedAt }: Pick<DeviceView, 'alarms' | 'revokedAt'>): string {
  return [...(revokedAt === null ? [] : ['revoked']), ...alarms.map(a => `ALARM ${a.alarm}`)].join(', ');
}

/** What each alarm means, and what to do about it. */
export const ALARM_WORDS: Readonly<Record<string, string>> = {
  clone: 'two machines use its key: revoke it unless you know why',
  'claim-token-used': 'somebody else tried to enrol with its claim token: find out where that token was seen',
};
