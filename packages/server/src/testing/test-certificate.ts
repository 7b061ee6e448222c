/** Certificates that a manufacturer's CA issues, and such as nobody should take: made in the test, signed by real keys. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { AsnConvert, AsnSerializer, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_kp_clientAuth,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';

export type TestKeyKind = 'Ed25519' | 'P-256' | 'RSA';

export interface TestCertificate {
  /** Common name of its subject. */
  readonly name: string;
  readonly pem: string;
  readonly der: Buffer;
  readonly privateKey: KeyObject;
  /** PKCS #8, PEM. */
  readonly keyPem: string;
}

export interface TestCertificatePlan {
  readonly name: string;
  readonly kind?: TestKeyKind;
  /** Signs it; itself where absent. */
  readonly issuer?: TestCertificate;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly extensions?: readonly Extension[];
  /** The key that is certified, where there is one already; the private half may stay with its owner. */
  readonly publicKey?: KeyObject;
  readonly privateKey?: KeyObject;
}

const DAY_MS = 86_400_000;

export function testCertificate(plan: TestCertificatePlan): TestCertificate {
  const { name, kind = 'Ed25519', issuer, extensions = [] } = plan;
  const pair = { ...newPair(kind), ...(plan.privateKey && { privateKey: plan.privateKey }) };
  const publicKey = plan.publicKey ?? pair.publicKey;
  const signer = issuer?.privateKey ?? pair.privateKey;
  const algorithm = signatureAlgorithm(signer);
  const tbs = new TBSCertificate({
    version: Version.v3,
    serialNumber: new Uint8Array([1, ...randomBytes(8)]).buffer,
    signature: algorithm,
    issuer: commonName(issuer?.name ?? name),
    subject: commonName(name),
    validity: new Validity({
      notBefore: plan.notBefore ?? new Date(Date.now() - DAY_MS),
      notAfter: plan.notAfter ?? new Date(Date.now() + 365 * DAY_MS),
    }),
    subjectPublicKeyInfo: AsnConvert.parse(publicKey.export({ format: 'der', type: 'spki' }), SubjectPublicKeyInfo),
    extensions: new Extensions([...extensions]),
  });
  const hash = signer.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  const signature = sign(hash, Buffer.from(AsnSerializer.serialize(tbs)), signer);
  const der = Buffer.from(
    AsnSerializer.serialize(
      new Certificate({
        tbsCertificate: tbs,
        signatureAlgorithm: algorithm,
        signatureValue: new Uint8Array(signature).buffer,
      }),
    ),
  );
  return {
    name,
    der,
    pem: `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    privateKey: pair.privateKey,
    keyPem: pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

/** A CA as a manufacturer would make one. */
export function testAuthority(name: string, more: Partial<TestCertificatePlan> = {}) {
  return testCertificate({ name, extensions: CA_EXTENSIONS, ...more });
}

/** A device's certificate as such a CA would issue it. */
export function testDeviceCertificate(issuer: TestCertificate, more: Partial<TestCertificatePlan> = {}) {
  return testCertificate({ name: 'device', issuer, extensions: DEVICE_EXTENSIONS, ...more });
}

export function testExtension(id: string, value: object, critical = false): Extension {
  return new Extension({ extnID: id, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

export const TEST_EXTENSIONS = {
  ca: testExtension(id_ce_basicConstraints, new BasicConstraints({ cA: true }), true),
  notCa: testExtension(id_ce_basicConstraints, new BasicConstraints({ cA: false }), true),
  certSign: testExtension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign), true),
  digitalSignature: testExtension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), true),
  keyEncipherment: testExtension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyEncipherment), true),
  clientAuth: testExtension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_clientAuth])),
  serverAuth: testExtension(id_ce_extKeyUsage, new ExtendedKeyUsage(['1.3.6.1.5.5.7.3.1'])),
  loopback: testExtension(
    id_ce_subjectAltName,
    new SubjectAlternativeName([new GeneralName({ iPAddress: '127.0.0.1' })]),
  ),
} as const;

const CA_EXTENSIONS = [TEST_EXTENSIONS.ca, TEST_EXTENSIONS.certSign];
const DEVICE_EXTENSIONS = [TEST_EXTENSIONS.notCa, TEST_EXTENSIONS.digitalSignature, TEST_EXTENSIONS.clientAuth];

function newPair(kind: TestKeyKind): { privateKey: KeyObject; publicKey: KeyObject } {
  if (kind === 'Ed25519') return generateKeyPairSync('ed25519');
  if (kind === 'P-256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

function signatureAlgorithm(key: KeyObject): AlgorithmIdentifier {
  if (key.asymmetricKeyType === 'ed25519') return new AlgorithmIdentifier({ algorithm: '1.3.101.112' });
  if (key.asymmetricKeyType === 'ec') return new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.2' });
  return new AlgorithmIdentifier({ algorithm: '1.2.840.113549.1.1.11', parameters: null });
}

function commonName(text: string): Name {
  const value = new AttributeValue({ utf8String: text });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: '2.5.4.3', value })])]);
}
