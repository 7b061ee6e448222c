/** Tells the log when a list has used half, three quarters and nine tenths of its life, each once. */
import type { Logger } from 'pino';
import type { Warning } from '../status/life.ts';
import type { RoleStatus } from '../status/status.ts';

export interface ExpiryWatch {
  readonly look: (roles: readonly RoleStatus[]) => void;
}

const WORDS: Readonly<Record<Warning, string>> = {
  half: 'half of its life is used',
  soon: 'three quarters of its life are used: renew it soon',
  now: 'nine tenths of its life are used: renew it now',
  expired: 'it has expired: devices install nothing new',
};

export function watchExpiry(log: Logger): ExpiryWatch {
  const told = new Map<string, string>();
  return {
    look: roles => {
      for (const { role, version, expires, lifeUsedPercent, warning } of roles) {
        // A newer version begins a life of its own.
        const state = `${version} ${warning ?? 'fresh'}`;
        if (told.get(role) === state) continue;
        told.set(role, state);
        if (warning === undefined) continue;
        const about = { role, version, expires, lifeUsedPercent, warning };
        if (warning === 'half') log.warn(about, `${role}: ${WORDS[warning]}`);
        else log.error(about, `${role}: ${WORDS[warning]}`);
      }
    },
  };
}
