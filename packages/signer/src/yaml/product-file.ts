/** `product.yaml`: what owners may rely on, and where flaws are reported. */
import { closed, productFields } from '@tidegate/protocol';
import { type Static, Type } from 'typebox';
import { isDay } from '../policy/day.ts';
import type { ProductRequest } from '../edit/product.ts';
import { readYaml } from './read-yaml.ts';
import { asLocalized, Text } from './text.ts';

export const ProductFile = Type.Object(
  {
    format: Type.Literal('tidegate-product-1'),
    ...productFields,
    names: Text,
    sensors: Type.Optional(Type.Array(closed({ name: Text, purpose: Text }), { maxItems: 32 })),
  },
  { additionalProperties: false, title: 'A product of Tidegate' },
);
export type ProductFile = Static<typeof ProductFile>;

/** @throws SignerError `file-invalid`, `file-unreadable` */
export async function readProductFile(path: string): Promise<ProductRequest> {
  const { value, refuse } = await readYaml(path, ProductFile);
  if (!isDay(value.supportEnds)) refuse([{ path: '/supportEnds', message: 'is no day of the calendar' }]);
  const { format: _, names, sensors, ...said } = value;
  return {
    ...said,
    names: asLocalized(names),
    ...(sensors && { sensors: sensors.map(s => ({ name: asLocalized(s.name), purpose: asLocalized(s.purpose) })) }),
  };
}
