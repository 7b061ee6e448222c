/**
 * Deltas beside what they lead to and from. A device takes a delta only where the same role lists the full image that
 * comes out, whose hash judges the result; without the image that it starts from listed, few devices can use it.
 */
import { describedAs } from '@tidegate/protocol';
import type { Finding } from './finding.ts';
import { imagesOf } from './images.ts';
import { type LintedSet, newestLists } from './linted-set.ts';

export function deltaFindings(set: LintedSet): Finding[] {
  const images = imagesOf(set);
  return newestLists(set).flatMap(({ role, signed }) =>
    Object.entries(signed.targets).flatMap(([path, { custom }]) => {
      const described = describedAs(path, custom);
      if (!described.ok || described.value.kind !== 'delta') return [];
      const { entry } = described.value;
      const ofRole = images.filter(i => i.role === role && i.component === entry.component);
      const lists = (sha256: string) => ofRole.some(i => i.sha256 === sha256);
      return [
        ...(lists(entry.imageSha256) ? [] : [withoutImage(role, path, entry.version)]),
        ...(entry.kind === 'patch' && !lists(entry.baseSha256) ? [withoutBase(role, path)] : []),
      ];
    }),
  );
}

function withoutImage(role: string, path: string, version: string): Finding {
  const message = `${path} is a delta, but ${role} does not list the image of ${version} that comes out: no device may take it.`;
  const remedy = 'List the full image in the same channel, then sign both together.';
  return { code: 'delta-without-image', severity: 'error', role, path, message, remedy };
}

function withoutBase(role: string, path: string): Finding {
  const message = `${path} is a delta from an image that ${role} does not list.`;
  const remedy = 'Make the delta from a release that devices of this channel run, or leave it out.';
  return { code: 'delta-base-unlisted', severity: 'warning', role, path, message, remedy };
}
