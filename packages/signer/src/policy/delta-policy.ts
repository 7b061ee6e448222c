/**
 * Shorter ways and the images that they lead to: each lies beside its image, for without the image's hash on the same list
 * no device could judge what comes out. Pure.
 */
import { type DeltaEntry, formatTargetPath, parseTargetPath } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';
import { checkDescription, imagesIn } from './description-policy.ts';

type Targets = TargetsSigned['targets'];

export interface ListedDelta {
  readonly path: string;
  readonly entry: DeltaEntry;
}

export function deltasIn(targets: Targets): ListedDelta[] {
  return Object.entries(targets).flatMap(([path, { custom }]) => {
    const described = checkDescription(custom, path);
    return described.kind === 'delta' ? [{ path, entry: described.entry }] : [];
  });
}

/** Deltas that lead to nothing once `leaving` has left, and that are not in it themselves. */
export function deltasOf(targets: Targets, leaving: readonly string[]): string[] {
  const staying = Object.fromEntries(Object.entries(targets).filter(([path]) => !leaving.includes(path)));
  const ends = new Set(imagesIn({ targets: staying }).map(({ path, sha256 }) => endOf(path, sha256)));
  return deltasIn(staying).flatMap(({ path, entry }) => (ends.has(endOf(path, entry.imageSha256)) ? [] : [path]));
}

/** @throws SignerError `metadata-invalid` */
export function checkDeltas(role: string, targets: Targets): void {
  const [stray] = deltasOf(targets, []);
  if (stray === undefined) return;
  throw new SignerError('metadata-invalid', `${role} lists ${stray}, but not the image that comes out of it.`);
}

/** The folder and the hash: what a delta and its image have in common. */
function endOf(path: string, sha256: string): string {
  const at = parseTargetPath(path);
  return at ? formatTargetPath({ ...at, file: sha256 }) : '';
}
