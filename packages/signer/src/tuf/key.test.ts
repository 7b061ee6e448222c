import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { parseTufKey } from '@tidegate/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newPrivateKey, publicKeyOf } from '../keys/private-key.ts';
import { KEY_TYPES, keyId, keyTypeOf, signatureHolds, tufKeyOf } from './key.ts';

const refused = (code: string) => expect.objectContaining({ code });
const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

test.each(KEY_TYPES)('a public key of type %s has one writing, wherever it comes from', async type => {
  const secret = newPrivateKey(type);
  const key = await publicKeyOf(type, secret);
  expect(keyTypeOf(key)).toBe(type);
  expect(parseTufKey(key)).toEqual({ ok: true, value: key });
  const hex = Buffer.from(`302a300506032b6570032100${key.keyval.public}`, 'hex');
  const spki = type === 'ed25519' ? hex : createPublicKey(key.keyval.public).export({ format: 'der', type: 'spki' });
  expect(tufKeyOf(spki)).toEqual(key);
});

test('a P-256 key is written as the platform writes it, and a compressed point becomes the same key', () => {
  const { publicKey } = pair();
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  expect(tufKeyOf(spki).keyval.public).toBe(publicKey.export({ format: 'pem', type: 'spki' }));
  const compressed = Buffer.concat([
    Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex'),
    Buffer.of(2 + ((spki.at(-1) ?? 0) & 1)),
    spki.subarray(27, 59),
  ]);
  expect(keyId(tufKeyOf(compressed))).toBe(keyId(tufKeyOf(spki)));
});

test('other curves, other algorithms and garbage are no keys', () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'der', type: 'spki' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'der', type: 'spki' });
  for (const spki of [other, rsa, Buffer.from('garbage')]) {
    expect(() => tufKeyOf(spki)).toThrow(refused('key-type-unknown'));
  }
});

test('any change of a written key is another key or none', () => {
  const key = tufKeyOf(pair().publicKey.export({ format: 'der', type: 'spki' }));
  const pem = key.keyval.public;
  fc.assert(
    fc.property(fc.nat(pem.length - 1), fc.string({ minLength: 0, maxLength: 2 }), (at, text) => {
      const changed = { ...key, keyval: { public: pem.slice(0, at) + text + pem.slice(at + 1) } };
      const parsed = parseTufKey(changed);
      expect(!parsed.ok || changed.keyval.public === pem || keyId(changed) !== keyId(key)).toBe(true);
      expect(parsed.ok && changed.keyval.public.length !== pem.length).toBe(false);
    }),
  );
});

test('a P-256 signature holds in DER only, for its own bytes and key only', () => {
  const { publicKey, privateKey } = pair();
  const key = tufKeyOf(publicKey.export({ format: 'der', type: 'spki' }));
  const stranger = tufKeyOf(pair().publicKey.export({ format: 'der', type: 'spki' }));
  const bytes = Buffer.from('a list');
  const der = sign('sha256', bytes, privateKey);
  const raw = sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  expect(signatureHolds(key, bytes, der)).toBe(true);
  expect(signatureHolds(key, bytes, raw)).toBe(false);
  expect(signatureHolds(key, Buffer.from('A list'), der)).toBe(false);
  expect(signatureHolds(stranger, bytes, der)).toBe(false);
  expect(signatureHolds(key, bytes, sign('sha384', bytes, privateKey))).toBe(false);
});

test('a point that is not on the curve verifies nothing', () => {
  const pem = tufKeyOf(pair().publicKey.export({ format: 'der', type: 'spki' })).keyval.public;
  const off = pem.replace(/[A-Za-z0-9+/]{57}([AQgw])==/, `${'A'.repeat(57)}$1==`);
  const key = { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: off } } as const;
  expect(parseTufKey(key).ok).toBe(true);
  expect(signatureHolds(key, Buffer.from(''), Buffer.alloc(70))).toBe(false);
});
