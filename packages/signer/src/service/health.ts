/** How the service is, for watchers: `ok`, `warning` (a person should act in days) or `failing` (now). Pure. */
import type { Warning } from '../status/life.ts';
import type { RoleStatus } from '../status/status.ts';
import type { StageName } from './publishing/journal.ts';
import type { Trouble } from './publishing/publisher.ts';

export interface HealthInput {
  /** False in a process that stands by. */
  readonly active: boolean;
  readonly roles: readonly RoleStatus[];
  readonly trouble: Trouble | undefined;
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
  readonly trouble: { readonly code: string; readonly since: string } | null;
  readonly expiring: readonly {
    readonly role: string;
    readonly expires: string;
    readonly daysLeft: number;
    readonly lifeUsedPercent: number;
    readonly warning: Warning;
  }[];
}

export function healthOf({ active, roles, trouble, stage, queued, waiting }: HealthInput): Health {
  const expiring = roles.flatMap(({ role, expires, daysLeft = 0, lifeUsedPercent = 0, warning }) =>
    warning === undefined || expires === undefined ? [] : [{ role, expires, daysLeft, lifeUsedPercent, warning }],
  );
  const damaged = roles.some(r => r.fault !== undefined);
  const urgent = expiring.some(e => e.warning === 'now' || e.warning === 'expired');
  const bad = trouble !== undefined || damaged || urgent;
  const status = bad ? 'failing' : expiring.length > 0 || !queued ? 'warning' : 'ok';
  return {
    status: active ? status : 'standby',
    stage,
    queued,
    waiting,
    trouble: trouble ? { code: trouble.code, since: trouble.since.toISOString() } : null,
    expiring,
  };
}
