/**
 * What a list must be before a signature is put under it, whoever wrote the draft and by whatever means: the signer's
 * machine trusts only what it checked itself.
 */
import { LIMITS } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import type { KnownKey } from '../store/config.ts';
import {
  type Delegation,
  isRoot,
  isTargets,
  type RootSigned,
  type Signed,
  type TargetsSigned,
} from '../tuf/metadata.ts';
import { kindOf } from '../tuf/role.ts';
import { checkCounters, type Listed } from './counter.ts';
import { checkDelegations, checkNotOnline } from './delegation-policy.ts';
import { checkDescription, imagesIn } from './description-policy.ts';
import { checkDeltas } from './delta-policy.ts';
import { checkDocuments } from './document-policy.ts';
import { checkKnownFields } from './known-fields.ts';
import { checkRequirements } from './requirement-policy.ts';
import { checkRoot } from './root-policy.ts';
import { checkSupport } from './support-policy.ts';
import { checkWithdrawals } from './withdrawal-policy.ts';

/** A list's version rises by at most this much at once, so that a slip or a thief cannot use up the range. */
export const VERSION_STEP_MAX = 1_000_000;

export interface ListContext {
  readonly now: Date;
  /** The complete list that the new one follows. */
  readonly previous?: Signed | undefined;
  /** For a delegated list: what it was given. */
  readonly delegation?: Delegation | undefined;
  /** Who signs what is online: they must not be delegated to. */
  readonly root?: RootSigned | undefined;
  /** For a root: whom the list of delegations names. */
  readonly delegations?: TargetsSigned['delegations'];
  /** Who is known to hold which key. */
  readonly keys: readonly KnownKey[];
  /** For a channel: all that is listed of its product, this draft included. */
  readonly listed: readonly Listed[];
}

/** One question to a list: throws a SignerError where the answer is no. */
export type Check = () => void;

/** @throws SignerError `version-conflict`, `expiry-invalid`, `metadata-invalid`, and those of the descriptions */
export function checkList(role: string, signed: Signed, context: ListContext): void {
  for (const check of [...contentChecks(role, signed, context), ...draftChecks(role, signed, context)]) check();
}

/** What is asked of a list before it is signed, beside the list that it follows, and not again. */
export function draftChecks(role: string, signed: Signed, { now, ...context }: ListContext): Check[] {
  const previous = context.previous && isTargets(context.previous) ? context.previous : undefined;
  return [
    () => checkVersion(role, context.previous?.version ?? 0, signed),
    () => checkNotExpired(role, signed, now),
    () => checkKnownFields(role, signed),
    ...(isTargets(signed) ? [() => checkSameBytes(previous, signed)] : []),
    ...(isTargets(signed) && kindOf(role) === 'holds' ? [() => checkWithdrawals(role, signed, previous)] : []),
    ...(isTargets(signed) && context.delegation && kindOf(role) === 'channel'
      ? channelChecks(role, signed, previous, context.delegation, context.keys)
      : []),
  ];
}

/** How a channel may go on from the list before. */
function channelChecks(
  role: string,
  next: TargetsSigned,
  previous: TargetsSigned | undefined,
  { keyids }: Delegation,
  keys: readonly KnownKey[],
): Check[] {
  return [
    () => checkWithdrawals(role, next, previous),
    () => checkSupport(role, { before: previous, next }, keyids, keys),
    () => checkNewRequirements(next, previous),
  ];
}

/** What a list must say, signed or not. The checks do not rest on each other, so that all their answers can be gathered. */
export function contentChecks(role: string, signed: Signed, context: ListContext): Check[] {
  const { delegation } = context;
  if (isRoot(signed)) return [() => checkRoot(signed, context.keys, context.delegations)];
  if (!isTargets(signed)) return [];
  if (delegation) {
    return [
      ...targetChecks(role, signed, delegation),
      () => checkCounters(context.listed),
      () => checkDocuments(role, signed.targets),
      () => checkDeltas(role, signed.targets),
    ];
  }
  return [
    () => checkDelegatesOnly(signed),
    () => checkDelegations(signed, context.keys),
    () => checkDelegatesApart(signed, context),
  ];
}

function checkNotExpired(role: string, { expires }: Signed, now: Date): void {
  if (new Date(expires) > now) return;
  throw new SignerError('expiry-invalid', `The draft of ${role} has expired (${expires}). Draft it anew first.`);
}

function checkDelegatesOnly({ targets }: TargetsSigned): void {
  if (Object.keys(targets).length === 0) return;
  throw new SignerError('metadata-invalid', 'The list "targets" delegates only; releases belong into a channel.');
}

/** What was met once stays listed when what met it is withdrawn: devices may have that. */
function checkNewRequirements(next: TargetsSigned, previous: TargetsSigned | undefined): void {
  const images = imagesIn(next);
  const listed = images.map(i => i.firmware);
  for (const { path, firmware } of images) {
    if (!previous || !Object.hasOwn(previous.targets, path)) checkRequirements(firmware, listed, path);
  }
}

/** However the draft was written: no online key may name software. */
function checkDelegatesApart({ delegations }: TargetsSigned, { root, keys }: ListContext): void {
  const delegates = Object.entries(delegations?.keys ?? {}).map(([keyid, key]) => {
    const { name, kind } = keys.find(k => k.keyid === keyid) ?? { name: keyid.slice(0, 8), kind: 'ci' as const };
    return { name, keyid, key, kind };
  });
  if (root) checkNotOnline(delegates, root);
}

/** Roots follow one by one (TUF 5.3.5); other lists may go on above a thief's versions, but not by much. */
function checkVersion(role: string, before: number, signed: Signed): void {
  const { version } = signed;
  const most = isRoot(signed) ? before + 1 : before + 1 + VERSION_STEP_MAX;
  if (version > before && version <= most) return;
  throw new SignerError(
    'version-conflict',
    `The draft of ${role} is version ${version}, which does not follow version ${before}.`,
  );
}

function targetChecks(role: string, signed: TargetsSigned, delegation: Delegation): Check[] {
  return [
    () => checkLeaf(role, signed),
    ...Object.entries(signed.targets).flatMap(([path, target]) => [
      () => checkMayList(role, path, delegation),
      () => void checkDescription(target.custom, path),
    ]),
  ];
}

function checkLeaf(role: string, { targets, delegations }: TargetsSigned): void {
  if (Object.keys(targets).length > LIMITS.targetsPerRole) {
    throw new SignerError('too-many-targets', `${role} would list more than ${LIMITS.targetsPerRole} targets.`);
  }
  if (delegations) throw new SignerError('metadata-invalid', `${role} must not delegate further.`);
}

function checkMayList(role: string, path: string, { paths }: Delegation): void {
  if (paths.some(pattern => matches(path, pattern))) return;
  throw new SignerError('metadata-invalid', `${role} must not list ${path}: it may sign ${paths.join(', ')}.`);
}

/** A path keeps its bytes for ever: caches and devices rely on it. */
function checkSameBytes(previous: TargetsSigned | undefined, next: TargetsSigned): void {
  if (!previous) return;
  for (const [path, target] of Object.entries(next.targets)) {
    const before = previous.targets[path];
    if (before && before.hashes.sha256 !== target.hashes.sha256) {
      throw new SignerError('target-exists', `${path} has other bytes already. Give the new image another version.`);
    }
  }
}

/** A `*` stands for one whole part here; it never crosses a `/` (TUF 4.5). */
function matches(path: string, pattern: string): boolean {
  const parts = path.split('/');
  const wanted = pattern.split('/');
  return parts.length === wanted.length && wanted.every((w, i) => w === '*' || w === parts[i]);
}
