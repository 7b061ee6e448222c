import { expect, test } from 'vitest';
import { KEY_TYPES } from '../tuf/key.ts';
import { memorySigner, newPrivateKey, publicKeyOf } from './private-key.ts';
import { Signer } from './signer.ts';

const bytes = Buffer.from('a list');
const refused = (code: string) => expect.objectContaining({ code });

test.each(KEY_TYPES)('a closed key of type %s has forgotten its secret and signs no more', async type => {
  const secret = newPrivateKey(type);
  const signer = memorySigner(secret, await publicKeyOf(type, secret));
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
    const swapped = memorySigner(other, declared);
    await expect(swapped.sign(bytes)).rejects.toEqual(refused('signature-invalid'));
    const honest = memorySigner(secret, declared);
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
