/** A path stands for the same bytes for good: caches, mirrors and the server keep what they once got under it. */
import { isTargets } from '../tuf/metadata.ts';
import { parseTargets } from '../tuf/parse.ts';
import { type Finding, found } from './finding.ts';
import type { LintedFile } from './lint-facts.ts';
import type { LintedSet } from './linted-set.ts';

/** @param earlier lists that were in force before, the newest of a role last */
export function pathFindings({ lists }: LintedSet, earlier: readonly LintedFile[]): Finding[] {
  const before = new Map(earlier.flatMap(file => hashesIn(file)));
  return lists.flatMap(({ role, file, signed }) =>
    Object.entries(isTargets(signed) ? signed.targets : {}).flatMap(([path, { hashes }]) => {
      const was = before.get(path);
      if (!was || was.sha256 === hashes.sha256) return [];
      const message = `${file} lists ${path} with other bytes (${hashes.sha256}) than ${was.file} did (${was.sha256}).`;
      const remedy = 'Find out who changed it. Withdraw it, and give the new bytes a version of their own.';
      return [{ code: 'path-changed', severity: 'error', role, path, message, remedy } as const];
    }),
  );
}

/** What cannot be read any more proves nothing. */
function hashesIn({ role, file, bytes }: LintedFile): [string, { readonly file: string; readonly sha256: string }][] {
  let targets: [string, { file: string; sha256: string }][] = [];
  found(
    () => {
      const { signed } = parseTargets(bytes, file);
      targets = Object.entries(signed.targets).map(([path, { hashes }]) => [path, { file, sha256: hashes.sha256 }]);
    },
    { role, remedy: '' },
  );
  return targets;
}
