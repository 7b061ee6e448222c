/** A secret under a passphrase: scrypt (RFC 7914) makes the key, AES-256-GCM seals, and the file's open part is bound in. */
import { createCipheriv, createDecipheriv, randomBytes, scrypt, type ScryptOptions } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { SignerError } from '../signer-error.ts';

/** Costs about 0.4 s and 128 MiB a guess. */
export const SCRYPT_COST = 2 ** 17;
/** What a file may ask of the machine that opens it: 1 GiB at most. */
const COST_MAX = 2 ** 20;

const Hex = (bytes: number) => Type.String({ pattern: `^[0-9a-f]{${bytes * 2}}$` });

export const Sealed = Type.Object(
  {
    kdf: Type.Object(
      {
        name: Type.Literal('scrypt'),
        N: Type.Integer({ minimum: 2, maximum: COST_MAX }),
        r: Type.Literal(8),
        p: Type.Literal(1),
        salt: Hex(32),
      },
      { additionalProperties: false },
    ),
    cipher: Type.Object(
      { name: Type.Literal('aes-256-gcm'), iv: Hex(12), text: Hex(32), tag: Hex(16) },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export type Sealed = Static<typeof Sealed>;

/** @param secret 32 bytes @param bound what must not change beside it @param cost scrypt's N */
export async function seal(secret: Uint8Array, passphrase: string, bound: Uint8Array, cost: number): Promise<Sealed> {
  const kdf = { name: 'scrypt', N: cost, r: 8, p: 1, salt: randomBytes(32).toString('hex') } as const;
  const iv = randomBytes(12);
  const key = await derive(passphrase, kdf);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(bound);
  key.fill(0);
  const text = Buffer.concat([cipher.update(secret), cipher.final()]).toString('hex');
  const tag = cipher.getAuthTag().toString('hex');
  return { kdf, cipher: { name: 'aes-256-gcm', iv: iv.toString('hex'), text, tag } };
}

/** @throws SignerError `passphrase-wrong`: a wrong passphrase and a changed file cannot be told apart. */
export async function unseal(sealed: Sealed, passphrase: string, bound: Uint8Array): Promise<Buffer> {
  const { iv, text, tag } = sealed.cipher;
  const key = await derive(passphrase, sealed.kdf);
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'hex'), { authTagLength: 16 })
    .setAAD(bound)
    .setAuthTag(Buffer.from(tag, 'hex'));
  key.fill(0);
  try {
    return Buffer.concat([decipher.update(text, 'hex'), decipher.final()]);
  } catch (cause) {
    throw new SignerError('passphrase-wrong', 'The passphrase is wrong, or the key file was changed.', { cause });
  }
}

function derive(passphrase: string, kdf: Sealed['kdf']): Promise<Buffer> {
  const { N, r, p } = kdf;
  // Node's default limit is 32 MiB; scrypt needs 128 * N * r.
  const options: ScryptOptions = { N, r, p, maxmem: 129 * N * r + 1024 ** 2 };
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFKC'), Buffer.from(kdf.salt, 'hex'), 32, options, (error, key) =>
      error ? reject(new SignerError('key-file-invalid', `scrypt: ${error.message}`)) : resolve(key),
    );
  });
}
