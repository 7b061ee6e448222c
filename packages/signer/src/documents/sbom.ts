/** Parts lists (SBOMs) as build tools write them: which format it is, and that it lists anything at all. Pure. */
import { jsonParser } from '@tidegate/protocol';
import { Type } from 'typebox';
import { SignerError } from '../signer-error.ts';

const Named = Type.Object({ name: Type.String({ minLength: 1 }) });

const CycloneDx = Type.Object({
  bomFormat: Type.Literal('CycloneDX'),
  specVersion: Type.Enum(['1.4', '1.5', '1.6', '1.7']),
  components: Type.Array(Named, { minItems: 1 }),
});

const Spdx2 = Type.Object({
  spdxVersion: Type.Enum(['SPDX-2.2', 'SPDX-2.3']),
  SPDXID: Type.Literal('SPDXRef-DOCUMENT'),
  packages: Type.Array(Named, { minItems: 1 }),
});

/** SPDX 3 is JSON-LD: a graph of elements, of which packages are some. */
const Spdx3 = Type.Object({
  '@context': Type.String({ pattern: '^https://spdx\\.org/rdf/3\\.0\\.\\d+/spdx-context\\.jsonld$' }),
  '@graph': Type.Array(Type.Object({ type: Type.String() }), { minItems: 1 }),
});

const parseCycloneDx = jsonParser(CycloneDx);
const parseSpdx2 = jsonParser(Spdx2);
const parseSpdx3 = jsonParser(Spdx3);

/** @returns the format's name and version, such as `cyclonedx-1.6`. @throws SignerError `document-invalid` */
export function sbomFormat(bytes: Uint8Array, file: string): string {
  const text = Buffer.from(bytes).toString('utf8');
  const refuse = (what: string) =>
    new SignerError('document-invalid', `${file} is no SBOM that can be taken: ${what}.`);
  // Which one it claims to be decides which one it is held against.
  if (text.includes('"bomFormat"')) {
    const parsed = parseCycloneDx(text);
    if (!parsed.ok) throw refuse(`CycloneDX, ${parsed.fault.path || 'it'} ${parsed.fault.message}`);
    return `cyclonedx-${parsed.value.specVersion}`;
  }
  if (text.includes('"spdxVersion"')) {
    const parsed = parseSpdx2(text);
    if (!parsed.ok) throw refuse(`SPDX, ${parsed.fault.path || 'it'} ${parsed.fault.message}`);
    return parsed.value.spdxVersion.toLowerCase();
  }
  const parsed = parseSpdx3(text);
  if (!parsed.ok) throw refuse('it is neither CycloneDX JSON (1.4 to 1.7) nor SPDX JSON (2.2, 2.3, 3.0)');
  if (!parsed.value['@graph'].some(element => /(^|_)Package$/.test(element.type))) throw refuse('it lists no package');
  return 'spdx-3.0';
}
