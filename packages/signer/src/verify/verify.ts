/** Sees a repository as a device does: which lists it would accept, and what they name. */
import { isTargets, type TargetEntry } from '../tuf/metadata.ts';
import { type TrustedList, trustedLists, type VerifyRequest } from './trusted-lists.ts';

export interface VerifiedRole {
  readonly role: string;
  readonly version: number;
  readonly expires: string;
}

export interface VerifiedTarget {
  readonly path: string;
  readonly role: string;
  readonly sha256: string;
  readonly lengthBytes: number;
  readonly custom: TargetEntry['custom'];
}

export interface Verified {
  readonly roles: readonly VerifiedRole[];
  readonly targets: readonly VerifiedTarget[];
  /** The lists that the client accepted, as it got them. */
  readonly lists: readonly TrustedList[];
}

/** @throws SignerError `expired`, or `verification-failed` with the client's own words */
export async function verifyRepository(request: VerifyRequest): Promise<Verified> {
  const lists = await trustedLists(request);
  return {
    lists,
    roles: lists.map(({ role, signed }) => ({ role, version: signed.version, expires: signed.expires })),
    targets: lists.flatMap(({ role, signed }) =>
      !isTargets(signed)
        ? []
        : Object.entries(signed.targets).map(([path, { length, hashes, custom }]) => ({
            path,
            role,
            sha256: hashes.sha256,
            lengthBytes: length,
            custom,
          })),
    ),
  };
}
