/**
 * Where every list stands: its version and time, whose signatures it bears and by whose rule, what is not published yet,
 * and whose signatures its draft waits for. Reads only; one damaged file spoils its own row and no other.
 */
import type { Clock } from '../clock.ts';
import { groundOf, rulesFor } from '../edit/ground.ts';
import { SignerError, type SignerCode } from '../signer-error.ts';
import type { Config } from '../store/config.ts';
import { lastPublished, type Published } from '../store/published.ts';
import { current, draft, governingRoot, newestTargets, type Store, type Stored } from '../store/store.ts';
import { type Authority, delegatedAuthority, rootAuthority } from '../tuf/authority.ts';
import { isTargets, type Signed } from '../tuf/metadata.ts';
import { parseFor, parseTargets } from '../tuf/parse.ts';
import { kindOf } from '../tuf/role.ts';
import { type Quorum, quorumOf } from './holder.ts';
import { type Life, lifeOf } from './life.ts';

export interface PendingDraft {
  readonly version: number;
  readonly expires: string;
  /** Every threshold that it has to meet. */
  readonly quorums: readonly Quorum[];
  /** Signatures still wanting. */
  readonly missing: number;
}

export interface RoleStatus extends Partial<Life> {
  readonly role: string;
  /** Of the newest complete list. */
  readonly version?: number;
  readonly targets?: number;
  /** Under whose keys the newest complete list stands now, and which of them have signed it. */
  readonly quorum?: Quorum;
  /** Nobody published this version from here. */
  readonly unpublished?: boolean;
  readonly draft?: PendingDraft;
  /** Why this row could not be read to the end. */
  readonly fault?: { readonly code: SignerCode; readonly message: string };
}

interface Looking {
  readonly store: Store;
  readonly now: Date;
  readonly config: Pick<Config, 'expiryDays' | 'keys'>;
  readonly published: Published | undefined;
}

export async function statusOf(store: Store, now: Clock, config: Looking['config']): Promise<RoleStatus[]> {
  const looking = { store, now: now(), config, published: await lastPublished(store) };
  // A damaged list of delegations has its own row; below it nothing can be named.
  const delegated = await newestTargets(store, 'targets').catch(() => undefined);
  const names = (delegated?.delegations?.roles ?? []).map(r => r.name);
  return Promise.all(['root', 'targets', ...names, 'snapshot', 'timestamp'].map(role => oneOf(looking, role)));
}

async function oneOf(looking: Looking, role: string): Promise<RoleStatus> {
  let row: RoleStatus = { role };
  try {
    row = { ...row, ...(await completeOf(looking, role)) };
    const pending = await draftOf(looking, role);
    return pending ? { ...row, draft: pending } : row;
  } catch (error) {
    if (!(error instanceof SignerError)) throw error;
    return { ...row, fault: { code: error.code, message: error.message } };
  }
}

async function completeOf({ store, now, config, published }: Looking, role: string): Promise<Partial<RoleStatus>> {
  const list = await current(store, role, parseFor(role));
  if (!list) return {};
  const { version, expires } = list.signed;
  const authority = await authorityOver(store, role, list);
  return {
    version,
    ...lifeOf(expires, config.expiryDays[kindOf(role)], now),
    ...(isTargets(list.signed) && { targets: Object.keys(list.signed.targets).length }),
    ...(authority && { quorum: quorumOf({ of: role, authority, binding: true }, list.envelope, config.keys) }),
    unpublished: published?.versions[role] !== version,
  };
}

/** Who may sign a complete list now: for a root its own keys, for the rest whoever delegates by signed word. */
async function authorityOver(store: Store, role: string, list: Stored<Signed>): Promise<Authority | undefined> {
  if ('roles' in list.signed) return rootAuthority(list.signed, 'root');
  if (role === 'targets' || role === 'snapshot' || role === 'timestamp') {
    return rootAuthority(await governingRoot(store), role);
  }
  const targets = (await current(store, 'targets', parseTargets))?.signed;
  return targets && delegatedAuthority(targets, role);
}

async function draftOf({ store, config }: Looking, role: string): Promise<PendingDraft | undefined> {
  if (role === 'snapshot' || role === 'timestamp') return undefined;
  const pending = await draft(store, role, parseFor(role));
  if (!pending) return undefined;
  const { version, expires } = pending.signed;
  const rules = rulesFor(await groundOf(store, role), pending.signed, config.keys);
  const quorums = rules.map(rule => quorumOf(rule, pending, config.keys));
  return { version, expires, quorums, missing: Math.max(...quorums.filter(q => q.binding).map(q => q.missing)) };
}
