/**
 * A certificate read once, as facts. What node tells is taken from node, which also verifies; the list of extensions,
 * which it does not tell, is read from the same bytes. Whoever cannot be read is no certificate: nothing here throws.
 */
import { X509Certificate } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate, type Extension, id_ce_keyUsage, KeyUsage, KeyUsageFlags, Version } from '@peculiar/asn1-x509';
import { readDeviceKey } from './device-key.ts';

export interface CertificateFacts {
  readonly x509: X509Certificate;
  /** SHA-256 of the certificate, hex. */
  readonly sha256: string;
  readonly isVersion3: boolean;
  /** OID. */
  readonly signatureAlgorithm: string;
  readonly extensions: readonly { readonly id: string; readonly critical: boolean }[];
  readonly isCa: boolean;
  /** Undefined where the certificate does not restrict it. */
  readonly keyUsage: { readonly certSign: boolean; readonly digitalSignature: boolean } | undefined;
  /** OIDs; undefined where the certificate does not restrict it. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** SubjectPublicKeyInfo, DER; undefined where it is neither Ed25519 nor P-256 in canonical form. */
  readonly publicKey: Buffer | undefined;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const ONE_PEM = /^\s*-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/;

/** The DER of the one certificate that the text holds; undefined where it holds none, or more. */
export function readPem(text: string): Buffer | undefined {
  const body = ONE_PEM.exec(text)?.[1];
  return body === undefined ? undefined : Buffer.from(body, 'base64');
}

/** Undefined where the bytes are not one certificate, whole and alone. */
export function readCertificate(der: Buffer): CertificateFacts | undefined {
  try {
    const x509 = new X509Certificate(der);
    if (!x509.raw.equals(der)) return undefined;
    const { tbsCertificate, signatureAlgorithm } = AsnConvert.parse(der, Certificate);
    const extensions = [...(tbsCertificate.extensions ?? [])];
    const spki = x509.publicKey.export({ format: 'der', type: 'spki' });
    return {
      x509,
      sha256: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
      isVersion3: tbsCertificate.version === Version.v3,
      signatureAlgorithm: signatureAlgorithm.algorithm,
      extensions: extensions.map(e => ({ id: e.extnID, critical: e.critical })),
      isCa: x509.ca,
      keyUsage: keyUsageOf(extensions),
      extendedKeyUsage: x509.keyUsage,
      publicKey: readDeviceKey(spki) && spki,
      notBefore: x509.validFromDate,
      notAfter: x509.validToDate,
    };
  } catch {
    return undefined;
  }
}

function keyUsageOf(extensions: readonly Extension[]): CertificateFacts['keyUsage'] {
  const found = extensions.find(e => e.extnID === id_ce_keyUsage);
  if (!found) return undefined;
  const bits = AsnConvert.parse(found.extnValue, KeyUsage).toNumber();
  return {
    certSign: (bits & KeyUsageFlags.keyCertSign) !== 0,
    digitalSignature: (bits & KeyUsageFlags.digitalSignature) !== 0,
  };
}
