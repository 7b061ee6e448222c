/**
 * Whether a certificate may vouch for a device. Strict and short: the device's certificate is issued directly by one that
 * was registered, so there is no path to build, and whatever a certificate restricts in a way that is not understood here
 * refuses it (RFC 5280, 4.2). Pure: certificates, product and time in, verdict out.
 */
import type { ProblemCode } from '@tidegate/protocol';
import {
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_kp_clientAuth,
} from '@peculiar/asn1-x509';
import type { CertificateFacts } from './certificate.ts';
import { KEY_KINDS } from './device-key.ts';

export interface Authority {
  readonly product: string;
  readonly certificate: CertificateFacts;
}

export type Verdict =
  | { readonly publicKey: Buffer }
  | { readonly code: ProblemCode & `certificate-${string}`; readonly detail: string };

const UNDERSTOOD: readonly string[] = [id_ce_basicConstraints, id_ce_keyUsage, id_ce_extKeyUsage];
/** Ed25519; ECDSA with SHA-256, SHA-384, SHA-512. */
const SIGNATURES = ['1.3.101.112', '1.2.840.10045.4.3.2', '1.2.840.10045.4.3.3', '1.2.840.10045.4.3.4'];
const ANY_PURPOSE = '2.5.29.37.0';

/** @param authorities all that are registered, so that a device of another product can be told from a stranger */
export function judgeCertificate(
  device: CertificateFacts,
  product: string,
  authorities: readonly Authority[],
  now: Date,
): Verdict {
  const refused = (code: Extract<Verdict, { code: unknown }>['code'], detail: string) => ({ code, detail });
  const objection = objectionToDevice(device);
  if (objection !== undefined) return refused('certificate-invalid', objection);
  const issuers = authorities.filter(a => isIssuedBy(device, a.certificate));
  if (issuers.length === 0) return refused('certificate-invalid', 'no registered authority issued the certificate');
  const ours = issuers.filter(a => a.product === product);
  if (ours.length === 0)
    return refused('certificate-wrong-product', `the certificate is not for a device of ${product}`);
  if (now < device.notBefore) return refused('certificate-invalid', 'the certificate is not valid yet');
  if (now > device.notAfter) return refused('certificate-expired', 'the certificate has expired');
  // An authority that renewed its certificate with the same key has two.
  if (!ours.some(a => isInTime(a.certificate, now))) return refused('certificate-expired', 'its authority has expired');
  return device.publicKey ? { publicKey: device.publicKey } : refused('certificate-invalid', NO_KEY);
}

/** What stands against registering a certificate as an authority; undefined: nothing. */
export function objectionToAuthority(ca: CertificateFacts, now: Date): string | undefined {
  if (!ca.isCa) return 'it is not the certificate of an authority (basic constraints: CA)';
  if (!ca.keyUsage?.certSign) return 'its key may not sign certificates (key usage: keyCertSign)';
  if (ca.extensions.some(e => e.id === id_ce_nameConstraints)) return 'it restricts names, which is not supported';
  if (!isInTime(ca, now)) return 'it has expired, or is not valid yet';
  return objectionToBoth(ca);
}

function objectionToDevice(device: CertificateFacts): string | undefined {
  if (device.isCa) return 'it is the certificate of an authority, not of a device';
  if (device.keyUsage && !device.keyUsage.digitalSignature) return 'its key may not sign (key usage: digitalSignature)';
  return objectionToBoth(device);
}

function objectionToBoth(certificate: CertificateFacts): string | undefined {
  const { isVersion3, extensions, extendedKeyUsage, publicKey, signatureAlgorithm } = certificate;
  if (!isVersion3) return 'it is not an X.509 certificate of version 3';
  const ids = extensions.map(e => e.id);
  if (new Set(ids).size !== ids.length) return 'it has an extension twice';
  const unknown = extensions.find(e => e.critical && !UNDERSTOOD.includes(e.id));
  if (unknown) return `its critical extension ${unknown.id} is not understood`;
  if (extendedKeyUsage && ![id_kp_clientAuth, ANY_PURPOSE].some(id => extendedKeyUsage.includes(id))) {
    return 'it is not meant for clients (extended key usage: clientAuth)';
  }
  if (!SIGNATURES.includes(signatureAlgorithm)) return 'it is not signed with Ed25519 or ECDSA';
  return publicKey ? undefined : NO_KEY;
}

const NO_KEY = `its key is not ${KEY_KINDS}`;

function isInTime(certificate: CertificateFacts, now: Date): boolean {
  return certificate.notBefore <= now && now <= certificate.notAfter;
}

function isIssuedBy(device: CertificateFacts, ca: CertificateFacts): boolean {
  return device.x509.checkIssued(ca.x509) && device.x509.verify(ca.x509.publicKey);
}
