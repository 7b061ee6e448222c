/** The full images that are listed, drafts included, with where they stand; what cannot be read is told elsewhere. */
import { describedAs, type Firmware } from '@tidegate/protocol';
import type { Listed } from '../policy/counter.ts';
import { type LintedSet, newestLists } from './linted-set.ts';

export interface Image extends Listed, Pick<Firmware, 'schedule' | 'selfOfferAfterDays' | 'minFromCounter'> {
  readonly role: string;
  readonly path: string;
  readonly product: string;
  readonly channel: string;
  readonly class: Firmware['class'];
  readonly releasedAt: string;
}

export function imagesOf(set: LintedSet): Image[] {
  return newestLists(set).flatMap(({ role, signed }) =>
    Object.entries(signed.targets).flatMap(([path, { hashes, custom }]) => {
      const described = describedAs(path, custom);
      if (!described.ok || described.value.kind !== 'firmware') return [];
      const { at, entry } = described.value;
      return [{ ...entry, role, path, product: at.product, channel: at.channel, sha256: hashes.sha256 }];
    }),
  );
}
