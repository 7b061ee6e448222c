/**
 * The key that proves who the device is: made on the device (or put there by the factory), kept at 0600, durable before
 * anybody hears of it. Ed25519, or ECDSA on P-256 where a certificate asks for it.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  type X509Certificate,
} from 'node:crypto';
import { join } from 'node:path';
import { AgentError } from '../agent-error.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import type { KeyKind } from './key-kinds.ts';

export interface DeviceKey {
  readonly kind: KeyKind;
  /** SubjectPublicKeyInfo, DER, base64url. */
  readonly publicKey: string;
  /** The private half, PKCS #8 in PEM: for the handshake that a certificate needs, and nothing else. */
  readonly pem: string;
  /** Signature over UTF-8 text, base64url; ECDSA over SHA-256, in DER. */
  sign(text: string): string;
  /** Whether the certificate is for this key. */
  matches(certificate: X509Certificate): boolean;
}

export function deviceKeyPath(netDir: string): string {
  return join(netDir, 'device-key.pem');
}

/** Undefined where there is none. @throws AgentError internal where the file holds no key of a kind that is taken */
async function loadDeviceKey(files: DurableFiles, path: string): Promise<DeviceKey | undefined> {
  const pem = await files.read(path);
  return pem && readKey(pem, path);
}

/** Reads the key, or makes it where there is none. @throws AgentError internal as above */
export async function loadOrMakeDeviceKey(
  files: DurableFiles,
  path: string,
  kind: KeyKind = 'ed25519',
): Promise<DeviceKey> {
  const known = await loadDeviceKey(files, path);
  if (known) return known;
  const { privateKey } =
    kind === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = deviceKey(privateKey, kind);
  await files.write(path, key.pem, { mode: 0o600 });
  return key;
}

function readKey(pem: Buffer, path: string): DeviceKey {
  const mend = 'move it away and enrol again';
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new AgentError('internal', `${path} is not a private key; ${mend}`, { cause });
  }
  const kind = kindOf(key);
  if (!kind) throw new AgentError('internal', `${path} is neither an Ed25519 nor a P-256 key; ${mend}`);
  return deviceKey(key, kind);
}

function kindOf(key: KeyObject): KeyKind | undefined {
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519';
  return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'p256' : undefined;
}

function deviceKey(privateKey: KeyObject, kind: KeyKind): DeviceKey {
  return {
    kind,
    publicKey: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64url'),
    pem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    sign: text => sign(kind === 'ed25519' ? null : 'sha256', Buffer.from(text), privateKey).toString('base64url'),
    matches: certificate => certificate.checkPrivateKey(privateKey),
  };
}
