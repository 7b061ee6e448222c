/** Tells the log, each once, when a list has used half, three quarters and nine tenths of its life, and what stopped. */
import type { Logger } from 'pino';
import type { Outlook } from '../edit/refresh.ts';
import type { Warning } from '../status/life.ts';
import type { RoleStatus } from '../status/status.ts';

export interface ListWatch {
  readonly look: (roles: readonly RoleStatus[]) => void;
  /** Told of what a snapshot would say; an error for each role that stopped, a warning for what is held back. */
  readonly seen: (outlook: Pick<Outlook, 'stopped' | 'heldBack'>) => void;
}

const WORDS: Readonly<Record<Warning, string>> = {
  half: 'half of its life is used',
  soon: 'three quarters of its life are used: renew it soon',
  now: 'nine tenths of its life are used: renew it now',
  expired: 'it has expired: devices install nothing new',
};

export function watchLists(log: Logger): ListWatch {
  const told = new Map<string, string>();
  let toldOutlook = '';
  return {
    seen: ({ stopped, heldBack }) => {
      const now = JSON.stringify({ stopped, heldBack });
      if (now === toldOutlook) return;
      toldOutlook = now;
      for (const { role, code, message } of stopped) {
        log.error({ role, code, reason: message }, `${role}: its devices install nothing new; all others go on`);
      }
      if (heldBack) log.warn(heldBack, 'a list of delegations is not published: it would stop roles that it waits for');
    },
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
