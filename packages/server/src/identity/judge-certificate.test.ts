import fc from 'fast-check';
import { id_ce_nameConstraints, NameConstraints } from '@peculiar/asn1-x509';
import { expect, it } from 'vitest';
import {
  TEST_EXTENSIONS as X,
  testAuthority,
  type TestCertificate,
  testCertificate,
  testDeviceCertificate,
  testExtension,
} from '../testing/test-certificate.ts';
import { type CertificateFacts, readCertificate, readPem } from './certificate.ts';
import { judgeCertificate, objectionToAuthority } from './judge-certificate.ts';

const now = new Date();
const ago = (days: number) => new Date(now.getTime() - days * 86_400_000);

const facts = (certificate: TestCertificate) => readCertificate(certificate.der) as CertificateFacts;
const authority = (certificate: TestCertificate, product = 'gw2') => ({ product, certificate: facts(certificate) });

const ca = testAuthority('Maker CA');
const p256Ca = testAuthority('Maker CA P-256', { kind: 'P-256' });
const ALL = [authority(ca), authority(p256Ca), authority(testAuthority('Camera CA'), 'cam1')];

const judge = (certificate: TestCertificate, product = 'gw2', at = now, authorities = ALL) =>
  judgeCertificate(facts(certificate), product, authorities, at);

it.each([
  ['Ed25519', ca],
  ['P-256', ca],
  ['Ed25519', p256Ca],
  ['P-256', p256Ca],
] as const)('takes a certificate for a key of kind %s', (kind, issuer) => {
  const certificate = testDeviceCertificate(issuer, { kind });
  expect(judge(certificate)).toEqual({ publicKey: facts(certificate).publicKey });
});

it('takes a certificate that restricts nothing', () => {
  expect(judge(testDeviceCertificate(ca, { extensions: [] }))).toHaveProperty('publicKey');
});

const unknown = testExtension('1.3.6.1.4.1.99999.1', new NameConstraints(), true);
const twoLevels = testCertificate({ name: 'Line CA', issuer: ca, extensions: [X.ca, X.certSign] });

it.each<[string, TestCertificate, RegExp]>([
  ['signs itself', testCertificate({ name: 'device', extensions: [X.clientAuth] }), /no registered authority/],
  [
    'comes from a stranger with the same name',
    testDeviceCertificate(testAuthority('Maker CA')),
    /no registered authority/,
  ],
  ['comes from an authority below a registered one', testDeviceCertificate(twoLevels), /no registered authority/],
  ['is an authority itself', testDeviceCertificate(ca, { extensions: [X.ca, X.certSign] }), /authority/],
  ['was made for servers', testDeviceCertificate(ca, { extensions: [X.serverAuth] }), /clients/],
  ['may not sign', testDeviceCertificate(ca, { extensions: [X.keyEncipherment] }), /digitalSignature/],
  [
    'has a critical extension of its own',
    testDeviceCertificate(ca, { extensions: [unknown] }),
    /1\.3\.6\.1\.4\.1\.99999\.1/,
  ],
  ['has an extension twice', testDeviceCertificate(ca, { extensions: [X.clientAuth, X.clientAuth] }), /twice/],
  ['has an RSA key', testDeviceCertificate(ca, { kind: 'RSA' }), /Ed25519 or P-256/],
])('refuses a certificate that %s', (_what, certificate, detail) => {
  expect(judge(certificate)).toEqual({ code: 'certificate-invalid', detail: expect.stringMatching(detail) });
});

it('refuses a certificate before and after its time, by the clock that it is given', () => {
  const certificate = testDeviceCertificate(ca, { notBefore: ago(20), notAfter: ago(10) });
  expect(judge(certificate)).toMatchObject({ code: 'certificate-expired' });
  expect(judge(certificate, 'gw2', ago(30))).toMatchObject({ code: 'certificate-invalid' });
  const early = testAuthority('Old CA', { notBefore: ago(40) });
  const old = testDeviceCertificate(early, { notBefore: ago(20), notAfter: ago(10) });
  expect(judge(old, 'gw2', ago(15), [authority(early)])).toHaveProperty('publicKey');
});

it('refuses what an expired authority issued, unless it has a newer certificate for the same key', () => {
  const expired = testAuthority('Old CA', { notBefore: ago(20), notAfter: ago(1) });
  const certificate = testDeviceCertificate(expired);
  expect(judge(certificate, 'gw2', now, [authority(expired)])).toMatchObject({ code: 'certificate-expired' });
  const { privateKey } = expired;
  const renewed = testAuthority('Old CA', { privateKey, publicKey: facts(expired).x509.publicKey });
  for (const authorities of [
    [authority(expired), authority(renewed)],
    [authority(renewed), authority(expired)],
  ]) {
    expect(judge(certificate, 'gw2', now, authorities)).toHaveProperty('publicKey');
  }
});

it('tells a device of another product from a stranger', () => {
  expect(judge(testDeviceCertificate(ca), 'cam1')).toMatchObject({ code: 'certificate-wrong-product' });
  expect(judge(testDeviceCertificate(ca), 'gw2', now, [])).toMatchObject({ code: 'certificate-invalid' });
});

it('takes an authority of either kind', () => {
  expect([ca, p256Ca].map(c => objectionToAuthority(facts(c), now))).toEqual([undefined, undefined]);
});

it.each<[string, Parameters<typeof testAuthority>[1], RegExp]>([
  ['is that of a device', { extensions: [X.digitalSignature] }, /not the certificate of an authority/],
  ['may not sign certificates', { extensions: [X.ca] }, /keyCertSign/],
  ['has expired', { notBefore: ago(2), notAfter: ago(1) }, /expired/],
  ['is for servers only', { extensions: [X.ca, X.certSign, X.serverAuth] }, /clients/],
  ['has a critical extension of its own', { extensions: [X.ca, X.certSign, unknown] }, /not understood/],
  [
    'restricts names',
    { extensions: [X.ca, X.certSign, testExtension(id_ce_nameConstraints, new NameConstraints())] },
    /names/,
  ],
  ['has an RSA key', { kind: 'RSA' }, /Ed25519 or/],
])('does not register an authority whose certificate %s', (_what, plan, objection) => {
  expect(objectionToAuthority(facts(testAuthority('CA', plan)), now)).toMatch(objection);
});

it('reads one certificate in PEM, and nothing beside it', () => {
  expect(readPem(ca.pem)).toEqual(ca.der);
  expect(readPem(`\r\n${ca.pem.replaceAll('\n', '\r\n')}\r\n`)).toEqual(ca.der);
  for (const text of ['', 'x', ca.pem + p256Ca.pem, `${ca.pem}x`, ca.keyPem, ca.pem.slice(0, -10)]) {
    expect(readPem(text)).toBeUndefined();
  }
  expect(readCertificate(Buffer.concat([ca.der, Buffer.from([0])]))).toBeUndefined();
});

it('never throws on bytes that are nearly a certificate, and takes none that was changed', () => {
  const device = testDeviceCertificate(ca);
  fc.assert(
    fc.property(fc.nat({ max: device.der.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const bytes = Buffer.from(device.der.map((byte, i) => (i === at ? byte ^ change : byte)));
      const read = readCertificate(bytes);
      const verdict = read && judgeCertificate(read, 'gw2', ALL, now);
      expect(verdict ?? {}).not.toHaveProperty('publicKey');
    }),
    { numRuns: 500 },
  );
});
