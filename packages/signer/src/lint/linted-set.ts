/** The files of a repository as lists that belong together, and what of them could not be read. */
import type { KnownKey } from '../store/config.ts';
import { type Envelope, isRoot, isTargets, type RootSigned, type Signed, type TargetsSigned } from '../tuf/metadata.ts';
import { parseFor } from '../tuf/parse.ts';
import { type Finding, found } from './finding.ts';
import type { LintedFile, LintFacts } from './lint-facts.ts';

export interface LintedList {
  readonly role: string;
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly standing: LintedFile['standing'];
  readonly envelope: Envelope;
  readonly signed: Signed;
}

export interface LintedSet {
  readonly lists: readonly LintedList[];
  readonly unreadable: readonly Finding[];
  readonly root: { readonly inForce?: RootSigned; readonly planned?: RootSigned };
  /** The list of delegations. */
  readonly targets: { readonly inForce?: TargetsSigned; readonly planned?: TargetsSigned };
}

export function lintedSet(files: readonly LintedFile[]): LintedSet {
  const read = files.map(readFile);
  const lists = read.flatMap(r => r.list ?? []);
  const listOf = (role: string, standing: LintedFile['standing']) =>
    lists.find(l => l.role === role && l.standing === standing)?.signed;
  const [root, plannedRoot] = [listOf('root', 'inForce'), listOf('root', 'draft')];
  const [targets, plannedTargets] = [listOf('targets', 'inForce'), listOf('targets', 'draft')];
  return {
    lists,
    unreadable: read.flatMap(r => r.findings),
    root: {
      ...(root && isRoot(root) && { inForce: root }),
      ...(plannedRoot && isRoot(plannedRoot) && { planned: plannedRoot }),
    },
    targets: {
      ...(targets && isTargets(targets) && { inForce: targets }),
      ...(plannedTargets && isTargets(plannedTargets) && { planned: plannedTargets }),
    },
  };
}

/** Lists of releases and holds as they will be: the draft where there is one. */
export function newestLists({ lists }: LintedSet): (LintedList & { readonly signed: TargetsSigned })[] {
  return lists.flatMap(list => {
    const { role, signed, standing } = list;
    if (role === 'targets' || !isTargets(signed)) return [];
    const overtaken = standing === 'inForce' && lists.some(l => l.role === role && l.standing === 'draft');
    return overtaken ? [] : [{ ...list, signed }];
  });
}

/** A stranger takes those who sign root, targets and channels for people: what cannot be known is not held against it. */
export function holdersOf({ keys }: LintFacts, { lists, root }: LintedSet): readonly KnownKey[] {
  if (keys) return keys;
  const roots = lists.map(l => l.signed).filter(isRoot);
  const delegated = lists.map(l => l.signed).flatMap(s => (isTargets(s) ? Object.keys(s.delegations?.keys ?? {}) : []));
  const online = [root.inForce, root.planned].flatMap(r =>
    r ? [...r.roles.snapshot.keyids, ...r.roles.timestamp.keyids] : [],
  );
  const all = new Set([...roots.flatMap(r => Object.keys(r.keys)), ...delegated]);
  return [...all].map(keyid => ({
    keyid,
    name: keyid.slice(0, 8),
    kind: online.includes(keyid) ? ('online' as const) : ('person' as const),
  }));
}

/** The newest time that an online key vouched for. */
export function issuedAt({ lists }: LintedSet): string | undefined {
  return lists
    .flatMap(({ signed, standing }) =>
      standing === 'inForce' && 'x-issued' in signed ? (signed['x-issued'] ?? []) : [],
    )
    .at(0);
}

export function remedyFor({ role, standing }: Pick<LintedFile, 'role' | 'standing'>): string {
  if (role === 'snapshot' || role === 'timestamp') return 'Make it anew: tidegate-signer refresh.';
  return standing === 'draft'
    ? `Sign nothing. Drop the draft (tidegate-signer draft ${role} --drop) and make the change again.`
    : `Draft ${role} anew (tidegate-signer draft ${role}), put it right, and have it signed.`;
}

function readFile(linted: LintedFile): { list?: LintedList; findings: Finding[] } {
  const { role, file, bytes, standing } = linted;
  let list: LintedList | undefined;
  const findings = found(
    () => {
      const envelope = parseFor(role)(bytes, file);
      list = { role, file, bytes, standing, envelope, signed: envelope.signed };
    },
    { role, remedy: remedyFor(linted) },
  );
  return { ...(list && { list }), findings };
}
