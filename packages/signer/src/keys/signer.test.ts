import { expect, test } from 'vitest';
import { KEY_TYPES } from '../tuf/key.ts';
import { memorySource, newPrivateKey, publicKeyOf } from './private-key.ts';
import { Signer } from './signer.ts';

const bytes = Buffer.from('a list');
const refused = (code: string) => expect.objectContaining({ code });

test.each(KEY_TYPES)('a closed key of type %s has forgotten its secret and signs no more', async type => {
  const secret = newPrivateKey(type);
  const signer = new Signer(await publicKeyOf(type, secret), memorySource(secret));
  await signer.sign(bytes);
  await signer.close();
  expect([...secret].every(byte => byte === 0)).toBe(true);
  await expect(signer.sign(bytes)).rejects.toEqual(refused('key-access'));
  await expect(signer.close()).resolves.toBeUndefined();
});

test.each(KEY_TYPES)(
  'a signature of type %s that does not hold for the declared key is never handed on',
  async type => {
    const [secret, other] = [newPrivateKey(type), newPrivateKey(type)];
    const declared = await publicKeyOf(type, secret);
    const swapped = new Signer(declared, memorySource(other));
    await expect(swapped.sign(bytes)).rejects.toEqual(refused('signature-invalid'));
    const honest = new Signer(declared, memorySource(secret));
    const flipped = new Signer(declared, {
      sign: async said => {
        const signature = Buffer.from(await honest.sign(said));
        signature[40] = signature[40]! ^ 1;
        return signature;
      },
    });
    await expect(flipped.sign(bytes)).rejects.toEqual(refused('signature-invalid'));
    const signsOther = new Signer(declared, { sign: () => honest.sign(Buffer.from('another list')) });
    await expect(signsOther.sign(bytes)).rejects.toEqual(refused('signature-invalid'));
  },
);
