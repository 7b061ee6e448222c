/**
 * The roles below a verified snapshot (TUF 5.6): the top-level targets, which only delegates, and everything delegated
 * from there. Each role that the snapshot names must be there, delegated once, signed and fresh. Pure.
 */
import { LIMITS, ROLE_PATTERN } from '@tidegate/protocol';
import type { Metadata, Root, Snapshot, TargetFile, Targets } from '@tufjs/models';
import type { MetadataFiles } from './metadata-files.ts';
import { invalid, mustBeSigned, mustHaveVersion, mustMatch, mustNotBeExpired, readMetadata } from './read-metadata.ts';

export interface SignedTarget {
  readonly path: string;
  readonly role: string;
  /** The metadata file that lists it: for error messages. */
  readonly file: string;
  readonly target: TargetFile;
}

interface Visit {
  readonly role: string;
  readonly delegator: Metadata<Root | Targets>;
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
  now: Date,
): SignedTarget[] {
  const snapshotFile = `${snapshot.signed.version}.snapshot.json`;
  const queue: Visit[] = [{ role: 'targets', delegator: root, allows: () => false }];
  const seen = new Set(['targets']);
  const targets: SignedTarget[] = [];
  for (let visit = queue.shift(); visit; visit = queue.shift()) {
    const { file, metadata } = verifyRole(visit, files, snapshot, now);
    targets.push(...targetsOf(visit, file, metadata));
    for (const next of delegationsOf(visit, file, metadata)) {
      if (seen.has(next.role))
        throw invalid(file, `delegates to ${next.role}, which another role delegates to as well`);
      seen.add(next.role);
      queue.push(next);
    }
  }
  const stray = Object.keys(snapshot.signed.meta).find(f => !seen.has(f.slice(0, -'.json'.length)));
  if (stray !== undefined) throw invalid(snapshotFile, `names ${stray}, which no role delegates to`);
  return mustBeListedOnce(targets);
}

function verifyRole(visit: Visit, files: MetadataFiles, snapshot: Metadata<Snapshot>, now: Date) {
  const meta = snapshot.signed.meta[`${visit.role}.json`];
  if (!meta) throw invalid(`${snapshot.signed.version}.snapshot.json`, `does not name ${visit.role}.json`);
  const file = `${meta.version}.${visit.role}.json`;
  const bytes = files.read(file);
  mustMatch(file, 'snapshot', () => meta.verify(bytes));
  const metadata = readMetadata('targets', file, bytes);
  mustBeSigned(visit.delegator, visit.role, file, metadata);
  mustHaveVersion(file, metadata, meta.version);
  mustNotBeExpired(file, metadata, now);
  return { file, metadata };
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

function delegationsOf({ role, allows }: Visit, file: string, metadata: Metadata<Targets>): Visit[] {
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
