/**
 * A product's descriptor: what its owners may rely on, signed. Each version is a target of its own,
 * `<product>/<channel>/product/<n>/product.json`; the highest n counts, the others are its history.
 */
import type { Static } from 'typebox';
import * as Type from './type.ts';
import { Localized } from './firmware.ts';
import { Day, Instant, Name } from './identifiers.ts';

export const PRODUCT_COMPONENT = 'product';
export const PRODUCT_FILE = 'product.json';
export const PRODUCT_SCHEMA = 1;

/** The descriptor's number, as the version in its path. */
export const Revision = Type.String({ pattern: '^[1-9][0-9]{0,5}$' });

/** What the signed list says of it. */
export const ProductEntry = Type.Object({
  schema: Type.Integer({ minimum: 1 }),
  kind: Type.Literal('product'),
  component: Type.Literal(PRODUCT_COMPONENT),
  version: Revision,
  /** The last day on which security updates are promised. */
  supportEnds: Day,
  releasedAt: Instant,
});
export type ProductEntry = Static<typeof ProductEntry>;

const Https = Type.String({ pattern: '^https://[^\\s<>"]{3,500}$' });

export const Sensor = Type.Object({
  name: Localized,
  /** What it senses, and what for. */
  purpose: Localized,
});
export type Sensor = Static<typeof Sensor>;

/** What people say of a product. */
export const productFields = {
  product: Name,
  channel: Name,
  names: Localized,
  supportEnds: Day,
  /** Where flaws are reported: an address of a page, or of a mailbox. */
  vulnerabilityContact: Type.String({
    pattern: '^(https://[^\\s<>"]{3,500}|mailto:[^\\s<>"@]{1,64}@[^\\s<>"@]{1,250})$',
  }),
  /** Places beside the server that serve metadata and images; they need no trust. */
  mirrors: Type.Optional(Type.Array(Https, { maxItems: 8 })),
  sensors: Type.Optional(Type.Array(Sensor, { maxItems: 32 })),
};

/** The file. */
export const Product = Type.Object({
  format: Type.Literal('tidegate-product-1'),
  revision: Revision,
  ...productFields,
});
export type Product = Static<typeof Product>;
