/** How the service is, for watchers: `ok`, `warning` (a person should act in days) or `failing` (now). Pure. */
import type { HeldBack } from '../edit/named-lists.ts';
import type { Outlook } from '../edit/refresh.ts';
import type { Warning } from '../status/life.ts';
import type { RoleStatus } from '../status/status.ts';
import type { StageName } from './publishing/journal.ts';
import type { Trouble } from './publishing/trouble.ts';

export interface HealthInput {
  /** False in a process that stands by. */
  readonly active: boolean;
  readonly roles: readonly RoleStatus[];
  readonly trouble: Trouble | undefined;
  /** Undefined before the first look. */
  readonly outlook: Pick<Outlook, 'stopped' | 'heldBack'> | undefined;
  readonly stage: StageName;
  /** Whether the queue brings its jobs. */
  readonly queued: boolean;
  readonly waiting: number;
}

export interface Health {
  readonly status: 'ok' | 'warning' | 'failing' | 'standby';
  readonly stage: StageName;
  readonly queued: boolean;
  readonly waiting: number;
  readonly trouble: { readonly code: string; readonly detail: string; readonly since: string } | null;
  /** Roles whose devices install nothing new; all others go on. */
  readonly stopped: readonly { readonly role: string; readonly code: string; readonly detail: string }[];
  /** A signed list of delegations that is not out, and whose lists it waits for. */
  readonly heldBack: HeldBack | null;
  readonly expiring: readonly {
    readonly role: string;
    readonly expires: string;
    readonly daysLeft: number;
    readonly lifeUsedPercent: number;
    readonly warning: Warning;
  }[];
}

export function healthOf({ active, roles, trouble, outlook, stage, queued, waiting }: HealthInput): Health {
  const expiring = roles.flatMap(({ role, expires, daysLeft = 0, lifeUsedPercent = 0, warning }) =>
    warning === undefined || expires === undefined ? [] : [{ role, expires, daysLeft, lifeUsedPercent, warning }],
  );
  const damaged = roles.some(r => r.fault !== undefined);
  const urgent = expiring.some(e => e.warning === 'now' || e.warning === 'expired');
  const { stopped = [], heldBack = null } = outlook ?? {};
  const bad = trouble !== undefined || damaged || urgent || stopped.length > 0;
  const status = bad ? 'failing' : expiring.length > 0 || heldBack || !queued ? 'warning' : 'ok';
  return {
    status: active ? status : 'standby',
    stage,
    queued,
    waiting,
    trouble: trouble ? { code: trouble.code, detail: trouble.message, since: trouble.since.toISOString() } : null,
    stopped: stopped.map(({ role, code, message }) => ({ role, code, detail: message })),
    heldBack,
    expiring,
  };
}
