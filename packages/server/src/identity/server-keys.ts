/**
 * The server's own secrets, in its data folder at 0600, made at first start: what seals nonces, and what signs access
 * tokens. None of them is trusted for updates: whoever steals them can pose as a device, never sign software.
 */
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readOrMake } from '../durable-file.ts';

export interface ServerKeys {
  readonly nonceSecret: Buffer;
  /** PEM, since fast-jwt takes no KeyObjects. */
  readonly tokenKeys: { readonly private: string; readonly public: string };
}

export async function openServerKeys(dataDir: string): Promise<ServerKeys> {
  const secret = await readOrMake(join(dataDir, 'nonce-secret'), () => randomBytes(32).toString('base64url'));
  const privatePem = await readOrMake(join(dataDir, 'token-key.pem'), () =>
    generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  );
  const publicPem = createPublicKey(privatePem).export({ format: 'pem', type: 'spki' }).toString();
  return { nonceSecret: Buffer.from(secret, 'base64url'), tokenKeys: { private: privatePem, public: publicPem } };
}
