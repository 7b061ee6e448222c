/**
 * What the signed lists tell the device's owner, beside what may be installed: why a version is held, until when the maker
 * promises security updates, that no more will come. Pure. What cannot be read of it is left out: it decides nothing.
 */
import { describedAs, holdPath, LIMITS, type Localized, promisedIn, RETIRED_FIELD } from '@tidegate/protocol';
import type { SignedArtifact } from '../ports.ts';
import type { OfflineLists } from './signed-lists.ts';

/** The product's newest descriptor, as the list names it. */
export interface ListedDescriptor extends SignedArtifact {
  /** The last day of support, such as `2031-12-31`. */
  readonly supportEnds: string;
}

export interface Notices {
  /** No more releases will come. */
  readonly retired: boolean;
  readonly descriptor?: ListedDescriptor;
  readonly holdReason: (component: string, version: string) => Localized | undefined;
}

export const NO_NOTICES: Notices = { retired: false, holdReason: () => undefined };

export function noticesIn({ channel, holds }: OfflineLists, product: string): Notices {
  const descriptor = newestDescriptor(channel);
  return {
    retired: channel?.signed.unrecognizedFields?.[RETIRED_FIELD] === true,
    ...(descriptor ? { descriptor } : {}),
    holdReason: (component, version) => {
      const path = holdPath(product, component, version);
      const described = describedAs(path, targetOf(holds, path)?.custom);
      return described.ok && described.value.kind === 'hold' ? described.value.entry.reason : undefined;
    },
  };
}

function newestDescriptor(channel: OfflineLists['channel']): ListedDescriptor | undefined {
  const newest = promisedIn(channel?.signed.targets ?? {});
  const target = newest && targetOf(channel, newest.path);
  const sha256 = target?.hashes['sha256'];
  if (!newest || !target || sha256 === undefined || target.length > LIMITS.productBytes) return undefined;
  return { path: newest.path, sha256, lengthBytes: target.length, supportEnds: newest.supportEnds };
}

function targetOf(list: OfflineLists['holds'], path: string) {
  const targets = list?.signed.targets ?? {};
  return Object.hasOwn(targets, path) ? targets[path] : undefined;
}
