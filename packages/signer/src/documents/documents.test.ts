import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeProvenance } from '../policy/provenance-policy.ts';
import { SignerError } from '../signer-error.ts';
import type { ProvenancePolicy } from '../store/product-policy.ts';
import { readProvenance } from './provenance.ts';
import { sbomFormat } from './sbom.ts';
import { type Built, BUILDER, CYCLONEDX, envelope, SOURCE, SPDX, statement } from './test-documents.ts';

const format = (text: string) => sbomFormat(Buffer.from(text), 'sbom.json');
const sha256 = 'ab'.repeat(32);
const invalid = expect.objectContaining({ code: 'document-invalid' });

describe('a parts list', () => {
  test('is taken as CycloneDX or SPDX, in the versions that are in use', () => {
    expect(format(CYCLONEDX)).toBe('cyclonedx-1.6');
    expect(format(SPDX)).toBe('spdx-2.3');
    const context = 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld';
    expect(format(JSON.stringify({ '@context': context, '@graph': [{ type: 'software_Package' }] }))).toBe('spdx-3.0');
  });

  test.each([
    ['no JSON', '<bom/>'],
    ['of a version that nobody knows', CYCLONEDX.replace('1.6', '9.9')],
    ['that lists nothing', JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', components: [] })],
    ['whose part has no name', SPDX.replace('"name":"openssl"', '"title":"openssl"')],
    ['that is something else', '{"name":"rootfs"}'],
    [
      'of a graph without packages',
      '{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[{"type":"x"}]}',
    ],
  ])('%s is refused', (_, text) => {
    expect(() => format(text)).toThrow(invalid);
  });
});

describe('provenance', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const ecPem = p256.publicKey.export({ type: 'spki', format: 'pem' }).toString();

  const judged = (text: string, policy?: ProvenancePolicy) =>
    judgeProvenance(readProvenance(Buffer.from(text), 'x.json'), sha256, policy);
  const refused = (text: string, policy?: ProvenancePolicy) => {
    expect(() => judged(text, policy)).toThrow(expect.objectContaining({ code: 'provenance-refused' }));
  };
  const built = (said: Partial<Built> = {}) => statement({ sha256, ...said });

  test('is read bare, in an envelope and in a Sigstore bundle', () => {
    judged(built());
    judged(envelope(built(), privateKey));
    judged(JSON.stringify({ mediaType: 'x', dsseEnvelope: JSON.parse(envelope(built(), privateKey)) as object }));
    for (const text of [
      '',
      '[]',
      built().replace('provenance/v1', 'provenance/v0.2'),
      built().replace('Statement/v1', 'x'),
    ]) {
      expect(() => judged(text)).toThrow(invalid);
    }
  });

  test('of another image is refused, whatever the policy', () => {
    refused(statement({ sha256: 'cd'.repeat(32) }));
  });

  test('is of an allowed builder, in every version only where the policy says so', () => {
    judged(built(), { builders: [BUILDER] });
    refused(built({ builder: `${BUILDER}-evil` }), { builders: [BUILDER] });
    const generator = 'https://github.com/slsa-framework/generator.yml';
    judged(built({ builder: `${generator}@refs/tags/v2` }), { builders: [`${generator}@*`] });
    refused(built({ builder: `${generator}@refs/tags/v2` }), { builders: [generator] });
    refused(built({ builder: `${generator}-evil@refs/tags/v2` }), { builders: [`${generator}@*`] });
  });

  test('is of an allowed repository, however that is written; to depend on one is not enough', () => {
    for (const source of [SOURCE, `git+${SOURCE}.git@refs/heads/main`, `${SOURCE}/`]) {
      judged(built({ source }), { sources: [`git+${SOURCE}`] });
    }
    for (const source of ['https://github.com/evil/firmware', `${SOURCE}-evil`, `https://evil.example/${SOURCE}`]) {
      refused(built({ source, dependencies: [`git+${SOURCE}@refs/heads/main`] }), { sources: [SOURCE] });
    }
    const elsewhere = built().replace('https://actions.github.io/buildtypes/workflow/v1', 'https://example.com/build');
    refused(elsewhere, { sources: [SOURCE] });
    judged(elsewhere.replace('"workflow":{"repository"', '"source":{"uri"'), { sources: [SOURCE] });
  });

  test('is signed by a key of the policy, where it names any', () => {
    judged(envelope(built(), privateKey), { keys: [pem] });
    judged(envelope(built(), p256.privateKey), { keys: [pem, ecPem] });
    refused(built(), { keys: [pem] });
    refused(envelope(built(), generateKeyPairSync('ed25519').privateKey), { keys: [pem] });
    refused(envelope(built(), privateKey, 'text/plain'), { keys: [pem] });
    const other = JSON.parse(envelope(statement({ sha256: 'cd'.repeat(32) }), privateKey)) as object;
    const swapped = { ...other, payload: Buffer.from(built()).toString('base64') };
    refused(JSON.stringify(swapped), { keys: [pem] });
  });

  test('of any shape is judged, never crashed on', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), text => {
        for (const read of [() => judged(text, { keys: [pem], sources: [SOURCE] }), () => format(text)]) {
          expect(read).toThrow(SignerError);
        }
      }),
    );
  });
});
