/**
 * `gcpkms:projects/…/cryptoKeyVersions/N`: Google Cloud KMS by Google's own client over HTTP, which also finds the
 * credentials. Checksums go along both ways, as Google asks of clients. `?endpoint=` names another address.
 */
import { createPublicKey, hash } from 'node:crypto';
import { checkedUrl } from '../http/exchange.ts';
import { SignerError } from '../signer-error.ts';
import { tufKeyOf } from '../tuf/key.ts';
import { crc32c } from './crc32c.ts';
import type { OpenKey } from './custody.ts';
import { optionalPackage } from './optional-package.ts';
import { onlyValue, type UriParts, uriParts } from './uri-parts.ts';

/** What KMS takes as data; Ed25519 of TUF needs the whole list. */
const DATA_BYTES = 64 * 1024;
const VERSION = /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+\/cryptoKeyVersions\/\d+$/;
const CALL = { timeout: 20_000, maxRetries: 0 };

export const openGcpKmsKey: OpenKey = async rest => {
  const parts = uriParts('gcpkms', rest, ['endpoint']);
  const name = parts.path;
  if (!VERSION.test(name)) {
    throw new SignerError('key-uri-invalid', `"${name}" is no version of a key: projects/…/cryptoKeyVersions/N.`);
  }
  const sdk = await optionalPackage('@google-cloud/kms', () => import('@google-cloud/kms'));
  // Over HTTP, not gRPC: a call or two need no connection that stays, and proxies let it through.
  const client = new sdk.KeyManagementServiceClient({ fallback: true, ...placeOf(parts) });
  return {
    custody: 'gcpkms',
    publicKey: async () => {
      const [{ pem, pemCrc32c }] = await client.getPublicKey({ name }, CALL).catch(refuse);
      const text = pem ?? '';
      mustMatch(pemCrc32c?.value, Buffer.from(text));
      return tufKeyOf(derOf(text));
    },
    sign: async (bytes, { keytype }) => {
      if (keytype === 'ed25519' && bytes.length > DATA_BYTES) {
        throw new SignerError(
          'payload-too-large',
          `Google Cloud KMS signs at most ${DATA_BYTES} bytes with Ed25519, and the list has ${bytes.length}. Use a P-256 key.`,
        );
      }
      const sent = keytype === 'ed25519' ? Buffer.from(bytes) : hash('sha256', bytes, 'buffer');
      const sum = { value: crc32c(sent) };
      const what =
        keytype === 'ed25519' ? { data: sent, dataCrc32c: sum } : { digest: { sha256: sent }, digestCrc32c: sum };
      const [answer] = await client.asymmetricSign({ name, ...what }, CALL).catch(refuse);
      const seen = keytype === 'ed25519' ? answer.verifiedDataCrc32c : answer.verifiedDigestCrc32c;
      if (seen !== true || answer.name !== name) throw damaged();
      const signature = bytesOf(answer.signature);
      mustMatch(answer.signatureCrc32c?.value, signature);
      return signature;
    },
    close: () => client.close(),
  };
};

function placeOf(parts: UriParts): { apiEndpoint?: string; port?: number; protocol?: string } {
  const endpoint = onlyValue(parts, 'endpoint');
  if (endpoint === undefined) return {};
  const { protocol, hostname, port } = checkedUrl(endpoint);
  return {
    apiEndpoint: hostname,
    port: Number(port || (protocol === 'http:' ? 80 : 443)),
    protocol: protocol.slice(0, -1),
  };
}

function derOf(pem: string): Buffer {
  try {
    return createPublicKey(pem).export({ format: 'der', type: 'spki' });
  } catch (cause) {
    throw new SignerError('key-answer-invalid', 'Google Cloud KMS told a public key that cannot be read.', { cause });
  }
}

/** Bytes come as base64 where the client does not decode them. */
function bytesOf(told: Uint8Array | string | null | undefined): Buffer {
  return typeof told === 'string' ? Buffer.from(told, 'base64') : Buffer.from(told ?? Buffer.of());
}

function mustMatch(told: unknown, bytes: Uint8Array): void {
  if (String(told) !== String(crc32c(bytes))) throw damaged();
}

function damaged(): SignerError {
  return new SignerError('key-answer-invalid', 'Google Cloud KMS: a checksum does not fit; the exchange was damaged.');
}

/** By gRPC's codes, which the client gives over HTTP too. */
const FAULTS: ReadonlyMap<unknown, 'key-not-found' | 'key-denied' | 'key-throttled' | 'key-unreachable'> = new Map([
  [4, 'key-unreachable'],
  [5, 'key-not-found'],
  [7, 'key-denied'],
  [8, 'key-throttled'],
  [9, 'key-denied'],
  [13, 'key-unreachable'],
  [14, 'key-unreachable'],
  [16, 'key-denied'],
]);

function refuse(error: Error & { readonly code?: unknown }): never {
  const network = /ECONN|ENOTFOUND|EAI_|ETIMEDOUT|fetch failed/.test(`${String(error.code)} ${error.message}`);
  const code = FAULTS.get(error.code) ?? (network ? 'key-unreachable' : 'key-denied');
  throw new SignerError(code, `Google Cloud KMS: ${error.message}`, { cause: error });
}
