/** Every schema that has a name in the OpenAPI documents, with its example. */
import { DEVICE_EXAMPLES } from './device-examples.ts';
import { FLEET_EXAMPLES } from './fleet-examples.ts';
import { PUBLICATION_EXAMPLES } from './publication-examples.ts';
import { ROLLOUT_EXAMPLES } from './rollout-examples.ts';
import { SERVER_EXAMPLES } from './server-examples.ts';
import type { NamedSchema } from './schema-book.ts';

export const EXAMPLES: readonly NamedSchema[] = [
  ...SERVER_EXAMPLES,
  ...DEVICE_EXAMPLES,
  ...FLEET_EXAMPLES,
  ...ROLLOUT_EXAMPLES,
  ...PUBLICATION_EXAMPLES,
];
