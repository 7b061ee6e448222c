/** The images behind the lists: all there, as they were signed, and none that no list names. */
import { artifactFindings } from '../lint/artifact-lint.ts';
import type { LintedSet } from '../lint/linted-set.ts';
import { artifactPath, type SeenArtifact, seenArtifact } from '../store/artifact.ts';
import type { Progress } from '../store/intake.ts';
import type { Store } from '../store/store.ts';
import { type Diagnosis, error, orSound, warning } from './diagnosis.ts';

/** Reads and hashes all of them. @param onProgress bytes of all bytes */
export async function hashedArtifacts(
  store: Store,
  artifacts: ReadonlyMap<string, SeenArtifact>,
  onProgress?: Progress,
): Promise<ReadonlyMap<string, SeenArtifact>> {
  const total = [...artifacts.values()].reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  const hashed = new Map<string, SeenArtifact>();
  let done = 0;
  for (const sha256 of artifacts.keys()) {
    const seen = await seenArtifact(artifactPath(store, sha256), true, pieceBytes => {
      done += pieceBytes;
      onProgress?.(done, total);
    });
    if (seen) hashed.set(sha256, seen);
  }
  return hashed;
}

export function artifactDiagnoses(set: LintedSet, artifacts: ReadonlyMap<string, SeenArtifact>): readonly Diagnosis[] {
  const found = artifactFindings(set, artifacts).map(({ code, severity, path, message, remedy }) =>
    (severity === 'error' ? error : warning)('artifacts', {
      code,
      message,
      remedy,
      ...(path !== undefined && { path }),
    }),
  );
  const hashed = [...artifacts.values()].some(a => a.sha256 !== undefined);
  const how = hashed ? 'each with the bytes that were signed' : 'each of its length (--deep reads their bytes too)';
  return orSound(found, 'artifacts', `${artifacts.size} artifact(s), ${how}.`);
}
