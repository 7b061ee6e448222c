/** Lists that are signed, but that no snapshot names yet: devices go on with the ones before. */
import { isSnapshot, isTargets } from '../tuf/metadata.ts';
import type { Finding } from './finding.ts';
import type { LintedSet } from './linted-set.ts';

export function snapshotFindings({ lists }: LintedSet): Finding[] {
  const snapshot = lists.find(l => l.role === 'snapshot' && l.standing === 'inForce')?.signed;
  if (!snapshot || !isSnapshot(snapshot)) return [];
  return lists.flatMap(({ role, signed, standing }) => {
    const named = snapshot.meta[`${role}.json`]?.version ?? 0;
    if (standing !== 'inForce' || !isTargets(signed) || signed.version <= named) return [];
    const before = named === 0 ? 'none of it' : `version ${named}`;
    const message = `${role} is signed in version ${signed.version}, but snapshot ${snapshot.version} names ${before}: devices do not see it yet.`;
    const remedy = 'Bring it out: tidegate-signer publish, with the keys of snapshot and timestamp.';
    return [{ code: 'snapshot-lags', severity: 'warning', role, message, remedy } as const];
  });
}
