/**
 * How an image was built: an in-toto statement with SLSA provenance, bare, in a DSSE envelope, or in a Sigstore bundle
 * (of which only the envelope is read). Reading believes nothing: signatures and words are judged by the product's policy.
 */
import { jsonParser } from '@tidegate/protocol';
import { type Static, Type } from 'typebox';
import { SignerError } from '../signer-error.ts';

const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

const Statement = Type.Object({
  _type: Type.Literal('https://in-toto.io/Statement/v1'),
  subject: Type.Array(Type.Object({ digest: Type.Record(Type.String(), Type.String()) }), {
    minItems: 1,
    maxItems: 10_000,
  }),
  predicateType: Type.Literal('https://slsa.dev/provenance/v1'),
  predicate: Type.Object({
    buildDefinition: Type.Object({
      buildType: Type.String(),
      externalParameters: Type.Record(Type.String(), Type.Unknown()),
    }),
    runDetails: Type.Object({ builder: Type.Object({ id: Type.String() }) }),
  }),
});

const Envelope = Type.Object({
  payloadType: Type.Literal(PAYLOAD_TYPE),
  payload: Type.String({ pattern: '^[A-Za-z0-9+/_-]*={0,2}$' }),
  signatures: Type.Array(Type.Object({ sig: Type.String() }), { minItems: 1, maxItems: 32 }),
});

const parseStatement = jsonParser(Statement);
const parseEnvelope = jsonParser(Envelope);
const parseBundle = jsonParser(Type.Object({ dsseEnvelope: Envelope }));

export interface Provenance {
  readonly statement: Static<typeof Statement>;
  /** The bytes that the envelope's signatures cover (DSSE's PAE), and the signatures; undefined for a bare statement. */
  readonly signed: { readonly bytes: Buffer; readonly signatures: readonly Buffer[] } | undefined;
}

/** @throws SignerError `document-invalid` */
export function readProvenance(bytes: Uint8Array, file: string): Provenance {
  const text = Buffer.from(bytes).toString('utf8');
  const bundle = parseBundle(text);
  const envelope = bundle.ok ? { ok: true as const, value: bundle.value.dsseEnvelope } : parseEnvelope(text);
  if (!envelope.ok) return { statement: statementIn(text, file), signed: undefined };
  const payload = Buffer.from(envelope.value.payload, 'base64');
  return {
    statement: statementIn(payload.toString('utf8'), file),
    signed: {
      bytes: preAuthEncoding(payload),
      signatures: envelope.value.signatures.map(({ sig }) => Buffer.from(sig, 'base64')),
    },
  };
}

function statementIn(text: string, file: string): Static<typeof Statement> {
  const parsed = parseStatement(text);
  if (parsed.ok) return parsed.value;
  throw new SignerError(
    'document-invalid',
    `${file} is no in-toto statement (v1) with SLSA provenance (v1): ${parsed.fault.path || 'it'} ${parsed.fault.message}.`,
  );
}

/** DSSE, "Protocol": the type is signed along, so that a payload cannot be taken for one of another type. */
function preAuthEncoding(payload: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `, 'utf8'),
    payload,
  ]);
}
