/** The files that people write, and their JSON Schemas as they are published in docs/schemas. */
import { BundleFile } from './bundle-file.ts';
import { ProductFile } from './product-file.ts';
import { ReleaseFile } from './release-file.ts';

export const SCHEMAS = { bundle: BundleFile, product: ProductFile, release: ReleaseFile } as const;
export type SchemaName = keyof typeof SCHEMAS;

export function schemaText(name: SchemaName): string {
  return `${JSON.stringify({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...SCHEMAS[name] }, null, 2)}\n`;
}
