/** Shorter ways to an image on the list that has it. Pure; passes over what does not read or cannot be used. */
import { describedAs, LIMITS, parseTargetPath } from '@tidegate/protocol';
import type { SignedArtifact, SignedDelta } from '../ports.ts';
import type { ListedTarget } from './accept.ts';

const SHA256 = /^[0-9a-f]{64}$/;

/** @param listed of the role that has the image: another one says nothing of it */
export function deltasIn(listed: ReadonlyMap<string, ListedTarget>, image: SignedArtifact): SignedDelta[] {
  return [...listed].flatMap(([path, { lengthBytes, hashes, custom }]) => {
    const described = folderOf(path) === folderOf(image.path) ? describedAs(path, custom) : undefined;
    if (!described?.ok || described.value.kind !== 'delta') return [];
    const { entry } = described.value;
    const { sha256 = '' } = hashes;
    const isSound = SHA256.test(sha256) && Number.isSafeInteger(lengthBytes) && lengthBytes <= LIMITS.artifactBytes;
    return isSound && entry.imageSha256 === image.sha256 ? [{ path, sha256, lengthBytes, entry }] : [];
  });
}

function folderOf(path: string): string | undefined {
  return parseTargetPath(path) ? path.slice(0, path.lastIndexOf('/')) : undefined;
}
