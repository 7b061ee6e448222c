/** Documents as build tools write them, small, for tests. */
import { type KeyObject, sign } from 'node:crypto';

export const CYCLONEDX = JSON.stringify({
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  version: 1,
  components: [{ type: 'library', name: 'openssl', version: '3.0.15' }],
});

export const SPDX = JSON.stringify({
  spdxVersion: 'SPDX-2.3',
  SPDXID: 'SPDXRef-DOCUMENT',
  name: 'rootfs',
  packages: [{ SPDXID: 'SPDXRef-openssl', name: 'openssl' }],
});

export const BUILDER = 'https://github.com/actions/runner/github-hosted';
export const SOURCE = 'https://github.com/acme/firmware';

export interface Built {
  readonly sha256: string;
  readonly builder?: string;
  readonly source?: string;
  readonly dependencies?: readonly string[];
}

export function statement({ sha256, builder = BUILDER, source = SOURCE, dependencies = [] }: Built): string {
  return JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'rootfs.img', digest: { sha256 } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://actions.github.io/buildtypes/workflow/v1',
        externalParameters: {
          workflow: { repository: source, ref: 'refs/heads/main', path: '.github/workflows/x.yml' },
        },
        resolvedDependencies: dependencies.map(uri => ({ uri })),
      },
      runDetails: { builder: { id: builder } },
    },
  });
}

/** A DSSE envelope around it. @param type what is signed as the payload's type */
export function envelope(text: string, key: KeyObject, type = 'application/vnd.in-toto+json'): string {
  const payload = Buffer.from(text);
  const bytes = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
  const sig = sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, key).toString('base64');
  return JSON.stringify({
    payloadType: 'application/vnd.in-toto+json',
    payload: payload.toString('base64'),
    signatures: [{ keyid: '', sig }],
  });
}
