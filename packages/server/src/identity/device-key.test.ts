import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isSignedBy, readDeviceKey } from './device-key.ts';

const der = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' });
const ed25519 = generateKeyPairSync('ed25519');
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** With a bit flipped: another first letter would now and then be the same one. */
function altered(signature: string): string {
  const bytes = Buffer.from(signature, 'base64url');
  bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
  return bytes.toString('base64url');
}

it('takes Ed25519 and P-256, and what each signed', () => {
  for (const [pair, algorithm] of [
    [ed25519, null],
    [p256, 'sha256'],
  ] as const) {
    const key = readDeviceKey(der(pair.publicKey)) as KeyObject;
    const signature = sign(algorithm, Buffer.from('words'), pair.privateKey).toString('base64url');
    expect(isSignedBy(key, 'words', signature)).toBe(true);
    expect(isSignedBy(key, 'other words', signature)).toBe(false);
    expect(isSignedBy(key, 'words', altered(signature))).toBe(false);
    expect(isSignedBy(key, 'words', '')).toBe(false);
  }
});

it('takes ECDSA signatures in DER only', () => {
  const key = readDeviceKey(der(p256.publicKey)) as KeyObject;
  const raw = sign('sha256', Buffer.from('words'), { key: p256.privateKey, dsaEncoding: 'ieee-p1363' });
  expect(isSignedBy(key, 'words', raw.toString('base64url'))).toBe(false);
});

it.each([
  ['RSA', () => der(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)],
  ['P-384', () => der(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey)],
  ['secp256k1', () => der(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey)],
  ['X25519', () => der(generateKeyPairSync('x25519').publicKey)],
  ['Ed448', () => der(generateKeyPairSync('ed448').publicKey)],
  [
    'P-256 with its parameters spelt out',
    () => der(generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).publicKey),
  ],
  ['a compressed point', () => compressed(der(p256.publicKey))],
  ['bytes behind the key', () => Buffer.concat([der(ed25519.publicKey), Buffer.from([0])])],
  ['bytes behind the point', () => Buffer.concat([der(p256.publicKey), Buffer.from([0])])],
  ['a key that is cut off', () => der(p256.publicKey).subarray(0, 90)],
  ['a point beside the curve', () => beside(der(p256.publicKey))],
  ['the private half', () => ed25519.privateKey.export({ format: 'der', type: 'pkcs8' })],
  ['nothing', () => Buffer.alloc(0)],
])('refuses %s', (_what, spki) => {
  expect(readDeviceKey(spki())).toBeUndefined();
});

it('never throws, and knows a key by its bytes: whatever it takes is what node would write', () => {
  const changed = fc
    .tuple(fc.constantFrom(der(ed25519.publicKey), der(p256.publicKey)), fc.nat({ max: 90 }), fc.nat({ max: 255 }))
    .map(([spki, at, value]) => Buffer.from(spki.map((byte, i) => (i === at ? value : byte))));
  fc.assert(
    fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 100 }).map(Buffer.from)), spki => {
      const key = readDeviceKey(spki);
      expect(key === undefined || der(key).equals(spki)).toBe(true);
    }),
  );
});

function compressed(spki: Buffer): Buffer {
  const header = Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex');
  const sign = (spki.at(-1) ?? 0) % 2 === 0 ? 2 : 3;
  return Buffer.concat([header, Buffer.from([sign]), spki.subarray(27, 59)]);
}

function beside(spki: Buffer): Buffer {
  const moved = Buffer.from(spki);
  moved.writeUInt8(moved.readUInt8(90) ^ 1, 90);
  return moved;
}
