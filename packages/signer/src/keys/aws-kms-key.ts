/**
 * `awskms:` with a key id, ARN or `alias/NAME`: AWS KMS by AWS's own SDK, which also finds the credentials.
 * `?region=` and `?endpoint=` say where; else the SDK's environment does.
 */
import { hash } from 'node:crypto';
import type { KMSClient } from '@aws-sdk/client-kms';
import { checkedUrl } from '../http/exchange.ts';
import { SignerError } from '../signer-error.ts';
import { tufKeyOf } from '../tuf/key.ts';
import type { OpenKey } from './custody.ts';
import { optionalPackage } from './optional-package.ts';
import { onlyValue, uriParts } from './uri-parts.ts';

/** What KMS takes without hashing it first; Ed25519 of TUF needs the whole list. */
const RAW_BYTES = 4096;
const KEY_ID =
  /^(alias\/[A-Za-z0-9/_-]{1,250}|arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)\/[A-Za-z0-9/_-]{1,250}|(mrk-)?[0-9a-f-]{32,36})$/;

export const openAwsKmsKey: OpenKey = async rest => {
  const parts = uriParts('awskms', rest, ['region', 'endpoint']);
  const KeyId = parts.path;
  if (!KEY_ID.test(KeyId))
    throw new SignerError('key-uri-invalid', `"${KeyId}" is no key id, ARN or alias/NAME of AWS.`);
  const endpoint = onlyValue(parts, 'endpoint');
  const region = onlyValue(parts, 'region') ?? /^arn:[^:]+:kms:([^:]+):/.exec(KeyId)?.[1];
  const sdk = await optionalPackage('@aws-sdk/client-kms', () => import('@aws-sdk/client-kms'));
  const client: KMSClient = new sdk.KMSClient({
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint: checkedUrl(endpoint).href }),
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 5000, requestTimeout: 20_000, throwOnRequestTimeout: true },
  });
  return {
    custody: 'awskms',
    publicKey: async () => {
      const { PublicKey, KeyUsage } = await client.send(new sdk.GetPublicKeyCommand({ KeyId })).catch(refuse);
      if (KeyUsage !== 'SIGN_VERIFY') throw new SignerError('key-denied', `The key ${KeyId} is not made for signing.`);
      return tufKeyOf(PublicKey ?? Buffer.of());
    },
    sign: async (bytes, { keytype }) => {
      if (keytype === 'ed25519' && bytes.length > RAW_BYTES) {
        throw new SignerError(
          'payload-too-large',
          `AWS KMS signs at most ${RAW_BYTES} bytes with Ed25519, and the list has ${bytes.length}. Use a P-256 key.`,
        );
      }
      const how =
        keytype === 'ed25519'
          ? ({ Message: bytes, MessageType: 'RAW', SigningAlgorithm: 'ED25519_SHA_512' } as const)
          : ({
              Message: hash('sha256', bytes, 'buffer'),
              MessageType: 'DIGEST',
              SigningAlgorithm: 'ECDSA_SHA_256',
            } as const);
      const { Signature } = await client.send(new sdk.SignCommand({ KeyId, ...how })).catch(refuse);
      return Signature ?? Buffer.of();
    },
    close: () => client.destroy(),
  };
};

/** By the names of the service's errors and of the SDK's own. */
const FAULTS = [
  [/NotFound/, 'key-not-found'],
  [/Throttl|TooManyRequests|LimitExceeded/, 'key-throttled'],
  [
    /KeyUnavailable|DependencyTimeout|KMSInternal|InternalFailure|ServiceUnavailable|Timeout|ECONN|ENOTFOUND|EAI_/,
    'key-unreachable',
  ],
  [
    /AccessDenied|Disabled|InvalidState|InvalidKeyUsage|Credentials|Token|UnrecognizedClient|InvalidSignature|InvalidGrant/,
    'key-denied',
  ],
] as const;

function refuse(error: Error & { readonly code?: string }): never {
  const { name, code = '', message } = error;
  const known = FAULTS.find(([pattern]) => pattern.test(`${name} ${code}`));
  const words = [...new Set([name, code, message])].filter(Boolean).join(': ');
  throw new SignerError(known?.[1] ?? 'key-program-failed', `AWS KMS: ${words}`, { cause: error });
}
