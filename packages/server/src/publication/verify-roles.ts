/**
 * The roles below a verified snapshot (TUF 5.6): the top-level targets, which only delegates, and everything delegated
 * from there. Each role that the snapshot names must be there, delegated once, signed and fresh; but a delegated list
 * that is served already may go on being served when it does not hold any more: it stops its own product's devices, and
 * must not keep other products from publishing. Pure.
 */
import { LIMITS, ROLE_PATTERN } from '@tidegate/protocol';
import type { Metadata, Root, Snapshot, TargetFile, Targets } from '@tufjs/models';
import { ServerError } from '../server-error.ts';
import type { MetadataFiles } from './metadata-files.ts';
import { mustKeepPromise } from './verify-support.ts';
import { invalid, mustBeSigned, mustHaveVersion, mustMatch, mustNotBeExpired, readMetadata } from './read-metadata.ts';

export interface SignedTarget {
  readonly path: string;
  readonly role: string;
  /** The metadata file that lists it: for error messages. */
  readonly file: string;
  readonly target: TargetFile;
}

export interface VerifiedRoles {
  readonly targets: readonly SignedTarget[];
  /** Paths in lists that do not hold any more. They are neither signed now nor withdrawn. */
  readonly stale: readonly string[];
}

interface Visit {
  readonly role: string;
  readonly delegator: Metadata<Root | Targets>;
  /** False below a list that does not hold. */
  readonly holds: boolean;
  /** Whether the delegation, and all above it, allow that path. */
  readonly allows: (path: string) => boolean;
}

/** What the models make of a delegation; they do not export its type. */
type Delegated = NonNullable<NonNullable<Targets['delegations']>['roles']>[string];

const rolePattern = new RegExp(ROLE_PATTERN);
const plainPart = /^[a-z0-9][a-z0-9._-]*$/i;

export function verifyRoles(
  files: MetadataFiles,
  root: Metadata<Root>,
  snapshot: Metadata<Snapshot>,
  { now, served }: { readonly now: Date; readonly served: ReadonlyMap<string, Buffer> },
): VerifiedRoles {
  const snapshotFile = `${snapshot.signed.version}.snapshot.json`;
  const queue: Visit[] = [{ role: 'targets', delegator: root, holds: true, allows: () => false }];
  const seen = new Set(['targets']);
  const targets: SignedTarget[] = [];
  const stale: string[] = [];
  for (let visit = queue.shift(); visit; visit = queue.shift()) {
    const { file, metadata } = readRole(visit, files, snapshot);
    const fault = faultOf(visit, file, metadata, now);
    if (fault && (visit.role === 'targets' || !served.has(file))) throw fault;
    if (fault) stale.push(...Object.keys(metadata.signed.targets));
    else {
      targets.push(...targetsOf(visit, file, metadata));
      if (!served.has(file)) mustKeepPromise(visit, file, metadata, servedList(visit.role, served));
    }
    for (const next of delegationsOf(visit, file, metadata, !fault)) {
      if (seen.has(next.role))
        throw invalid(file, `delegates to ${next.role}, which another role delegates to as well`);
      seen.add(next.role);
      queue.push(next);
    }
  }
  const stray = Object.keys(snapshot.signed.meta).find(f => !seen.has(f.slice(0, -'.json'.length)));
  if (stray !== undefined) throw invalid(snapshotFile, `names ${stray}, which no role delegates to`);
  return { targets: mustBeListedOnce(targets), stale };
}

function readRole(visit: Visit, files: MetadataFiles, snapshot: Metadata<Snapshot>) {
  const meta = snapshot.signed.meta[`${visit.role}.json`];
  if (!meta) throw invalid(`${snapshot.signed.version}.snapshot.json`, `does not name ${visit.role}.json`);
  const file = `${meta.version}.${visit.role}.json`;
  const bytes = files.read(file);
  mustMatch(file, 'snapshot', () => meta.verify(bytes));
  const metadata = readMetadata('targets', file, bytes);
  mustHaveVersion(file, metadata, meta.version);
  return { file, metadata };
}

/** Why devices would refuse that list; undefined where it holds. */
function faultOf(visit: Visit, file: string, metadata: Metadata<Targets>, now: Date): ServerError | undefined {
  if (!visit.holds) return invalid(file, `is delegated to by a list that does not hold any more`);
  try {
    mustBeSigned(visit.delegator, visit.role, file, metadata);
    mustNotBeExpired(file, metadata, now);
    return undefined;
  } catch (error) {
    if (error instanceof ServerError) return error;
    throw error;
  }
}

function servedList(role: string, served: ReadonlyMap<string, Buffer>): Metadata<Targets> | undefined {
  const found = [...served].find(([file]) => file.replace(/^\d+\./, '') === `${role}.json`);
  return found && readMetadata('targets', ...found);
}

function targetsOf({ role, allows }: Visit, file: string, metadata: Metadata<Targets>): SignedTarget[] {
  const entries = Object.entries(metadata.signed.targets);
  if (role === 'targets' && entries.length > 0) throw invalid(file, 'lists files itself, where it may only delegate');
  if (entries.length > LIMITS.targetsPerRole) throw invalid(file, `lists more than ${LIMITS.targetsPerRole} targets`);
  return entries.map(([path, target]) => {
    if (!allows(path))
      throw invalid(file, `lists ${JSON.stringify(path)}, which is outside the paths delegated to ${role}`);
    return { path, role, file, target };
  });
}

function delegationsOf({ role, allows }: Visit, file: string, metadata: Metadata<Targets>, holds: boolean): Visit[] {
  const { delegations } = metadata.signed;
  if (!delegations) return [];
  if (delegations.succinctRoles) throw invalid(file, 'delegates to hash bins, which this server does not know');
  return Object.values(delegations.roles ?? {}).map(delegated => {
    if (!rolePattern.test(delegated.name))
      throw invalid(file, `${JSON.stringify(delegated.name)} is not a role's name`);
    const within = pathsOf(delegated);
    return {
      role: delegated.name,
      delegator: metadata,
      holds,
      allows: (path: string) => within(path) && (role === 'targets' || allows(path)),
    };
  });
}

/**
 * The paths that a delegation allows (TUF 4.5: a `*` never crosses a `/`, nor stands for a leading dot). Patterns of
 * names and whole `*`, as all of ours are, are compared as they are: the general matcher is built anew for each path.
 */
function pathsOf(delegated: Delegated): (path: string) => boolean {
  const patterns = delegated.paths?.map(pattern => pattern.split('/'));
  if (!patterns?.flat().every(part => part === '*' || plainPart.test(part))) {
    return path => delegated.isDelegatedPath(path);
  }
  return path => {
    const parts = path.split('/');
    return patterns.some(
      pattern =>
        pattern.length === parts.length &&
        pattern.every((wanted, i) => wanted === parts[i] || (wanted === '*' && /^[^.]/.test(parts[i] ?? ''))),
    );
  };
}

function mustBeListedOnce(targets: SignedTarget[]): SignedTarget[] {
  const files = new Map<string, string>();
  for (const { path, file } of targets) {
    const other = files.get(path);
    if (other !== undefined) throw invalid(file, `lists ${path}, which ${other} lists as well`);
    files.set(path, file);
  }
  return targets;
}
