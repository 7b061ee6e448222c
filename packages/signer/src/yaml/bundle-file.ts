/** `bundle.yaml`: releases that go together, in the order in which they are activated. */
import { closed, LIMITS, Name, Version } from '@tidegate/protocol';
import { type Static, Type } from 'typebox';
import type { BundleRequest } from '../edit/bundle.ts';
import { readYaml } from './read-yaml.ts';
import { asLocalized, Text } from './text.ts';

export const BundleFile = Type.Object(
  {
    format: Type.Literal('tidegate-bundle-1'),
    product: Name,
    channel: Name,
    version: Version,
    parts: Type.Array(closed({ component: Name, version: Version }), {
      minItems: 2,
      maxItems: LIMITS.partsPerBundle,
      description: 'Listed releases, in the order in which they are activated.',
    }),
    notes: Type.Optional(Text),
    mixedReason: Type.Optional(Text),
  },
  { additionalProperties: false, title: 'A bundle of Tidegate' },
);
export type BundleFile = Static<typeof BundleFile>;

/** @throws SignerError `file-invalid`, `file-unreadable` */
export async function readBundleFile(path: string): Promise<BundleRequest> {
  const { value, refuse } = await readYaml(path, BundleFile);
  const { parts } = value;
  refuse(
    parts.flatMap(({ component }, i) =>
      parts.findIndex(p => p.component === component) < i
        ? [{ path: `/parts/${i}/component`, message: `names ${component} again` }]
        : [],
    ),
  );
  const { format: _, notes, mixedReason, ...said } = value;
  return {
    ...said,
    ...(notes !== undefined && { notes: asLocalized(notes) }),
    ...(mixedReason !== undefined && { mixedReason: asLocalized(mixedReason) }),
  };
}
