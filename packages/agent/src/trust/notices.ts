/**
 * What the signed lists tell the device's owner, beside what may be installed: why a version is held, until when the maker
 * promises security updates, that no more will come. Pure. What cannot be read of it is left out: it decides nothing.
 */
import { describedAs, holdPath, LIMITS, type Localized, RETIRED_FIELD } from '@tidegate/protocol';
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
  const all = Object.entries(channel?.signed.targets ?? {}).flatMap(([path, { length, hashes, custom }]) => {
    const described = describedAs(path, custom);
    const sha256 = hashes['sha256'];
    if (!described.ok || described.value.kind !== 'product' || sha256 === undefined) return [];
    if (length > LIMITS.productBytes) return [];
    const { version, supportEnds } = described.value.entry;
    return [{ revision: Number(version), descriptor: { path, sha256, lengthBytes: length, supportEnds } }];
  });
  return all.toSorted((a, b) => b.revision - a.revision)[0]?.descriptor;
}

function targetOf(list: OfflineLists['holds'], path: string) {
  const targets = list?.signed.targets ?? {};
  return Object.hasOwn(targets, path) ? targets[path] : undefined;
}
