/**
 * Which lists the next snapshot names, so that a fault of one product never stops another's: of each delegated role the
 * newest list that holds, and where none does, the one that devices have already, which stops that role's devices alone.
 * A new list of delegations waits while it would only take away. A fault of root or targets is everybody's.
 */
import { SignerError, type SignerCode } from '../signer-error.ts';
import { lastPublished } from '../store/published.ts';
import { current, readList, type Store, type Stored } from '../store/store.ts';
import { type Authority, countSignatures, delegatedAuthority, rootAuthority } from '../tuf/authority.ts';
import type { RootSigned, Signed, TargetsSigned } from '../tuf/metadata.ts';
import { parseSnapshot, parseTargets } from '../tuf/parse.ts';
import { metadataFile } from '../tuf/role.ts';

interface Fault {
  readonly code: Extract<SignerCode, 'role-unsigned' | 'threshold-not-met' | 'expired'>;
  readonly message: string;
}

/** A role that has a list which does not hold; where devices have no other, they install nothing new. */
export interface StoppedRole extends Fault {
  readonly role: string;
}

/** A complete list of delegations that is not named yet, and the roles whose next lists it waits for. */
export interface HeldBack {
  readonly version: number;
  readonly waitsFor: readonly string[];
}

export interface NamedLists {
  readonly targets: Stored<TargetsSigned>;
  readonly delegated: readonly { readonly role: string; readonly list: Stored<TargetsSigned> }[];
  readonly stopped: readonly StoppedRole[];
  /** Roles whose newest list does not hold, so that an older one is named. */
  readonly passedOver: readonly StoppedRole[];
  readonly heldBack: HeldBack | undefined;
}

/** What becomes of a delegated role under one list of delegations. */
export interface Choice<L = Stored<TargetsSigned>> {
  readonly role: string;
  /** Undefined where nothing can be named: the role has no list that holds, and devices have none. */
  readonly list: L | undefined;
  readonly fault: Fault | undefined;
  /** What is wrong with the role's newest list. */
  readonly newestFault: Fault | undefined;
}

/**
 * @throws SignerError `role-unsigned`, `threshold-not-met`, `expired` where root or targets are at fault, or a role that
 *   never had a list that holds
 */
export async function namedLists(store: Store, root: RootSigned, now: Date): Promise<NamedLists> {
  const out = await outVersions(store);
  const authority = rootAuthority(root, 'targets');
  const targets = await current(store, 'targets', parseTargets);
  const fault = faultOf('targets', targets, authority, now);
  if (!targets || fault) throw asError(fault);
  const next = await choicesUnder(store, targets, out, now);
  const standing = await versionOf(store, 'targets', out['targets']);
  if (!standing || standing.file === targets.file || faultOf('targets', standing, authority, now)) {
    return named(targets, next);
  }
  const before = await choicesUnder(store, standing, out, now);
  const waitsFor = reasonsToWait(before, next);
  if (waitsFor.length === 0) return named(targets, next);
  return { ...named(standing, before), heldBack: { version: targets.signed.version, waitsFor } };
}

/**
 * The roles for which a new list of delegations has to wait; none where it can go out. It waits where a role would only
 * lose by it, as in a rotation that not all have signed yet; but not where another role has a list that needs it. Pure.
 */
export function reasonsToWait<L extends { readonly file: string }>(
  before: readonly Choice<L>[],
  next: readonly Choice<L>[],
): readonly string[] {
  const inBefore = (role: string) => before.find(c => c.role === role);
  const cannotBeNamed = next.filter(c => c.list === undefined);
  const wouldStop = next.filter(c => c.fault && inBefore(c.role)?.fault === undefined);
  const isNeeded = next.some(c => !c.fault && inBefore(c.role)?.list?.file !== c.list?.file);
  return (isNeeded ? cannotBeNamed : wouldStop).map(c => c.role);
}

/** @throws SignerError `role-unsigned` */
export function requireList<S extends Signed>(role: string, list: Stored<S> | undefined): Stored<S> {
  if (list) return list;
  throw asError(unsigned(role));
}

/** Signed by those who may sign it now, and not past its end. @throws SignerError `threshold-not-met`, `expired` */
export function requireHolding(role: string, list: Stored<Signed>, authority: Authority, now: Date): void {
  const fault = faultOf(role, list, authority, now);
  if (fault) throw asError(fault);
}

/** The delegated roles of a set whose lists devices refuse. */
export function stoppedIn(lists: readonly Stored<TargetsSigned>[], now: Date): string[] {
  const targets = lists.find(list => roleOf(list) === 'targets');
  return lists
    .filter(list => list !== targets)
    .filter(list => faultOf(roleOf(list), list, targets && delegatedAuthority(targets.signed, roleOf(list)), now))
    .map(roleOf);
}

function roleOf({ file }: Stored<Signed>): string {
  return file.split('.').at(-2) ?? file;
}

/** The versions that devices may have, by role: what was published from here, else what the last snapshot says. */
export async function outVersions(store: Store): Promise<Readonly<Record<string, number>>> {
  const snapshot = await current(store, 'snapshot', parseSnapshot);
  if (!snapshot) return {};
  const named = Object.entries(snapshot.signed.meta).map(
    ([file, { version }]) => [file.slice(0, -'.json'.length), version] as const,
  );
  return { ...Object.fromEntries(named), ...(await lastPublished(store))?.versions };
}

async function choicesUnder(
  store: Store,
  targets: Stored<TargetsSigned>,
  out: Readonly<Record<string, number>>,
  now: Date,
): Promise<Choice[]> {
  const choices: Choice[] = [];
  for (const { name: role } of targets.signed.delegations?.roles ?? []) {
    const authority = delegatedAuthority(targets.signed, role);
    const newest = await current(store, role, parseTargets);
    const fault = faultOf(role, newest, authority, now);
    const list = fault ? await versionOf(store, role, out[role]) : newest;
    const stopped = fault && list ? faultOf(role, list, authority, now) : fault;
    choices.push({ role, list, fault: stopped, newestFault: fault });
  }
  return choices;
}

async function versionOf(store: Store, role: string, version: number | undefined) {
  return version === undefined ? undefined : readList(store, role, metadataFile(role, version), parseTargets);
}

function named(targets: Stored<TargetsSigned>, choices: readonly Choice[]): NamedLists {
  return {
    targets,
    delegated: choices.map(({ role, list, fault }) => {
      if (list) return { role, list };
      throw asError(fault);
    }),
    stopped: choices.flatMap(({ role, fault }) => (fault ? [{ role, ...fault }] : [])),
    passedOver: choices.flatMap(c => (c.newestFault && !c.fault ? [{ role: c.role, ...c.newestFault }] : [])),
    heldBack: undefined,
  };
}

function faultOf(
  role: string,
  list: Stored<Signed> | undefined,
  authority: Authority | undefined,
  now: Date,
): Fault | undefined {
  if (!list) return unsigned(role);
  const missing = authority ? countSignatures(list.envelope, [authority]).missing : 1;
  if (missing > 0) {
    const message = `${list.file} lacks ${missing} signature(s) of those who may sign it now. Draft and sign ${role} anew.`;
    return { code: 'threshold-not-met', message };
  }
  if (new Date(list.signed.expires) > now) return undefined;
  return {
    code: 'expired',
    message: `${list.file} expired at ${list.signed.expires}. Draft and sign ${role} anew.`,
  };
}

function unsigned(role: string): Fault {
  const message = `${role} has no complete list yet. Sign it first: tidegate-signer sign ${role} --key …`;
  return { code: 'role-unsigned', message };
}

function asError(fault: Fault | undefined): SignerError {
  return new SignerError(fault?.code ?? 'role-unsigned', fault?.message ?? 'A list is missing.');
}
