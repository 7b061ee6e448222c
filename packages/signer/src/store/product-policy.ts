/** What a product demands of its releases: part of the repository's config, under `products`. */
import { createPublicKey } from 'node:crypto';
import { closed, Name } from '@tidegate/protocol';
import { type Static, Type } from 'typebox';

const Uris = Type.Array(Type.String({ minLength: 1, maxLength: 2000 }), { minItems: 1, maxItems: 50 });

export const ProvenancePolicy = closed({
  /** A release without provenance is refused. */
  required: Type.Optional(Type.Boolean()),
  /** Ids of builders; `@*` at the end stands for every version. */
  builders: Type.Optional(Uris),
  /** Repositories from which releases are built. */
  sources: Type.Optional(Uris),
  /** Public keys as PEM (Ed25519, ECDSA P-256 or P-384): one of them must have signed. */
  keys: Type.Optional(Type.Array(Type.String({ maxLength: 2000 }), { minItems: 1, maxItems: 20 })),
});
export type ProvenancePolicy = Static<typeof ProvenancePolicy>;

export const ProductPolicy = closed({
  sbom: Type.Optional(Type.Literal('required')),
  provenance: Type.Optional(ProvenancePolicy),
});
export type ProductPolicy = Static<typeof ProductPolicy>;

export const ProductPolicies = Type.Record(Name, ProductPolicy, { additionalProperties: false });
export type ProductPolicies = Static<typeof ProductPolicies>;

/** What a schema cannot say of keys; undefined where they can be used. */
export function keyFault(policies: ProductPolicies): string | undefined {
  for (const [product, { provenance }] of Object.entries(policies)) {
    for (const pem of provenance?.keys ?? []) {
      const type = keyType(pem);
      if (type === undefined) return `/products/${product}/provenance/keys has a key that is no Ed25519 or ECDSA key`;
    }
  }
  return undefined;
}

function keyType(pem: string): 'ed25519' | 'ec' | undefined {
  try {
    const type = createPublicKey(pem).asymmetricKeyType;
    return type === 'ed25519' || type === 'ec' ? type : undefined;
  } catch {
    return undefined;
  }
}
