/** Which shorter ways to an image this device can go, the cheapest first. Pure. */
import { CHUNKS_FORMAT, type ChunksEntry, LIMITS, PATCH_FORMAT, type PatchEntry } from '@tidegate/protocol';
import type { OldImage, SignedArtifact, SignedDelta } from '../../ports.ts';

export type Way =
  | { readonly kind: 'patch'; readonly delta: SignedDelta<PatchEntry> }
  | { readonly kind: 'chunks'; readonly delta: SignedDelta<ChunksEntry> };

/**
 * Patches from exactly what runs come first: what they cost is known. What chunks cost shows only when the old image is
 * cut, and that has never been less.
 */
export function waysTo(target: SignedArtifact, deltas: readonly SignedDelta[], old: OldImage): Way[] {
  const shorter = deltas
    .filter(({ lengthBytes, entry }) => lengthBytes < target.lengthBytes && entry.imageSha256 === target.sha256)
    .toSorted((a, b) => a.lengthBytes - b.lengthBytes);
  const patches = shorter.flatMap(delta => {
    const { entry } = delta;
    const fits = entry.kind === 'patch' && entry.format === PATCH_FORMAT && entry.baseSha256 === old.sha256;
    return fits && entry.head.lengthBytes <= delta.lengthBytes
      ? [{ kind: 'patch', delta: { ...delta, entry } } as const]
      : [];
  });
  const chunks = shorter.flatMap(delta => {
    const { entry, lengthBytes } = delta;
    const fits = entry.kind === 'chunks' && entry.format === CHUNKS_FORMAT && lengthBytes <= LIMITS.chunkIndexBytes;
    return fits ? [{ kind: 'chunks', delta: { ...delta, entry } } as const] : [];
  });
  return [...patches, ...chunks];
}
