/** The key that proves who the device is: made on the device, kept at 0600, durable before anybody hears of it. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { AgentError } from '../agent-error.ts';
import type { DurableFiles } from '../durable/durable-files.ts';

export interface DeviceKey {
  /** SubjectPublicKeyInfo, DER, base64url. */
  readonly publicKey: string;
  /** Ed25519 signature over UTF-8 text, base64url. */
  sign(text: string): string;
}

/** Reads the key, or makes it where there is none. @throws AgentError internal where the file is no Ed25519 key */
export async function loadOrMakeDeviceKey(files: DurableFiles, path: string): Promise<DeviceKey> {
  const pem = await files.read(path);
  if (pem) return deviceKey(readKey(pem, path));
  const { privateKey } = generateKeyPairSync('ed25519');
  await files.write(path, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  return deviceKey(privateKey);
}

function readKey(pem: Buffer, path: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (cause) {
    throw new AgentError('internal', `${path} is not a private key; move it away and enrol again`, { cause });
  }
  throw new AgentError('internal', `${path} is not an Ed25519 key; move it away and enrol again`);
}

function deviceKey(privateKey: KeyObject): DeviceKey {
  return {
    publicKey: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64url'),
    sign: text => sign(null, Buffer.from(text), privateKey).toString('base64url'),
  };
}
