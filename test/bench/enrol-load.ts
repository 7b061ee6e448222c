/** The load of `enrol-burst`, in its own process: devices that prove a new key, are enrolled and get their first token. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { DEVICE_API, type EnrolAnswer, enrolPayload, type NonceAnswer, tokenPayload } from '@tidegate/protocol';
import { answerParent } from './own-process.ts';
import { paced } from './paced.ts';

export interface EnrolLoad {
  readonly url: string;
  readonly product: string;
  /** One a device. */
  readonly claimTokens: readonly string[];
  readonly perSecond: number;
}

await answerParent(async ({ url, product, claimTokens, perSecond }: EnrolLoad) => {
  // A device made its key long before.
  const keys = claimTokens.map(() => generateKeyPairSync('ed25519'));
  return paced(perSecond, claimTokens.length, async index => {
    const claimToken = claimTokens[index] ?? '';
    const pair = keys[index];
    if (!pair) throw new Error('a device without a key');
    const publicKey = pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64url');
    const proof = signText(pair.privateKey, enrolPayload(claimToken));
    const { deviceId } = await ask<EnrolAnswer>(`${url}${DEVICE_API}/enrol`, { product, claimToken, publicKey, proof });
    const { nonce } = await ask<NonceAnswer>(`${url}${DEVICE_API}/nonce`);
    const signature = signText(pair.privateKey, tokenPayload(deviceId, nonce));
    await ask(`${url}${DEVICE_API}/token`, { deviceId, nonce, signature });
  });
});

async function ask<T>(url: string, body?: object): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, body && { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

function signText(key: KeyObject, text: string): string {
  return sign(null, Buffer.from(text), key).toString('base64url');
}
