/** Where every list stands: its version, its time, and whose signatures its draft waits for. Reads only. */
import type { Clock } from './clock.ts';
import { authoritiesFor } from './edit/sign.ts';
import { current, draft, newestTargets, type Store } from './store/store.ts';
import { countSignatures } from './tuf/authority.ts';
import { isTargets } from './tuf/metadata.ts';
import { parseFor } from './tuf/parse.ts';

export interface RoleStatus {
  readonly role: string;
  /** Of the newest complete list. */
  readonly version?: number;
  readonly expires?: string;
  readonly expired?: boolean;
  readonly targets?: number;
  readonly draft?: {
    readonly version: number;
    readonly signedBy: readonly string[];
    readonly open: readonly string[];
    readonly missing: number;
  };
}

export async function statusOf(store: Store, now: Clock): Promise<RoleStatus[]> {
  const delegated = (await newestTargets(store, 'targets'))?.delegations?.roles ?? [];
  const roles = ['root', 'targets', ...delegated.map(r => r.name), 'snapshot', 'timestamp'];
  return Promise.all(roles.map(role => one(store, role, now())));
}

async function one(store: Store, role: string, now: Date): Promise<RoleStatus> {
  const parse = parseFor(role);
  const list = (await current(store, role, parse))?.signed;
  const pending = role === 'snapshot' || role === 'timestamp' ? undefined : await draft(store, role, parse);
  const count = pending && countSignatures(pending, await authoritiesFor(store, role, pending.signed));
  return {
    role,
    ...(list && { version: list.version, expires: list.expires, expired: !(new Date(list.expires) > now) }),
    ...(list && isTargets(list) && { targets: Object.keys(list.targets).length }),
    ...(pending && count && { draft: { version: pending.signed.version, ...count } }),
  };
}
