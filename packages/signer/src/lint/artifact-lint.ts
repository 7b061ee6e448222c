/** Whether the bytes behind the lists are there, are those that were signed, and belong to a list. */
import type { Finding } from './finding.ts';
import { type LintedSet, newestLists } from './linted-set.ts';
import type { SeenArtifact } from '../store/artifact.ts';
import { isTargets } from '../tuf/metadata.ts';

export function artifactFindings(set: LintedSet, artifacts: ReadonlyMap<string, SeenArtifact> | undefined): Finding[] {
  if (!artifacts) return [];
  const targets = newestLists(set).flatMap(({ role, signed }) =>
    Object.entries(signed.targets).map(([path, { length, hashes }]) => ({ role, path, length, sha256: hashes.sha256 })),
  );
  return [...targets.flatMap(target => differing(target, artifacts.get(target.sha256))), ...orphaned(set, artifacts)];
}

interface ListedBytes {
  readonly role: string;
  readonly path: string;
  readonly length: number;
  readonly sha256: string;
}

function differing({ role, path, length, sha256 }: ListedBytes, seen: SeenArtifact | undefined): Finding[] {
  const remedy = 'Bring the very file that was signed back; any other needs a version of its own.';
  const finding = (code: Finding['code'], message: string): Finding[] => [
    { code, severity: 'error', role, path, message, remedy },
  ];
  if (!seen) return finding('artifact-missing', `The bytes of ${path} (${sha256}) are not there.`);
  if (seen.lengthBytes !== length) {
    return finding('artifact-differs', `${path} is signed with ${length} bytes, but has ${seen.lengthBytes}.`);
  }
  if (seen.sha256 === undefined || seen.sha256 === sha256) return [];
  return finding('artifact-differs', `${path} is signed with the hash ${sha256}, but its bytes have ${seen.sha256}.`);
}

/** Lists in force count too: what only a draft leaves out is still published. */
function orphaned({ lists }: LintedSet, artifacts: ReadonlyMap<string, SeenArtifact>): Finding[] {
  const listed = new Set(
    lists.flatMap(({ signed }) =>
      isTargets(signed) ? Object.values(signed.targets).map(target => target.hashes.sha256) : [],
    ),
  );
  return [...artifacts.keys()]
    .filter(sha256 => !listed.has(sha256))
    .map(sha256 => ({
      code: 'artifact-orphaned',
      severity: 'warning',
      path: `artifacts/${sha256}`,
      message: `artifacts/${sha256} (${artifacts.get(sha256)?.lengthBytes} bytes) is in no list any more.`,
      remedy: 'Remove the file once no old list is needed again.',
    }));
}
