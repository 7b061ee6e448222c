/** Key services for tests: real keys behind servers that speak the services' wire protocols, which the real SDKs call. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { crc32c } from './crc32c.ts';

export interface KmsRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}

export interface KmsAnswer {
  readonly status?: number;
  readonly body: object;
}

export interface TestKms extends AsyncDisposable {
  readonly url: string;
  readonly keys: Readonly<Record<'p256' | 'ed25519', { publicKey: KeyObject; privateKey: KeyObject }>>;
  readonly seen: KmsRequest[];
  /** What is answered in place of the honest answer. */
  twist: ((honest: KmsAnswer, request: KmsRequest) => KmsAnswer) | undefined;
}

type Keys = TestKms['keys'];

async function serve(answer: (request: KmsRequest, keys: Keys) => KmsAnswer): Promise<TestKms> {
  const keys = {
    p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ed25519: generateKeyPairSync('ed25519'),
  };
  const reply = (request: IncomingMessage, text: string): Required<KmsAnswer> => {
    const body = (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown>;
    const seen: KmsRequest = { path: request.url ?? '', headers: request.headers, body };
    kms.seen.push(seen);
    const honest = answer(seen, keys);
    return { status: 200, ...(kms.twist?.(honest, seen) ?? honest) };
  };
  const server = createServer((request, response) => {
    void readText(request).then(text => {
      const { status, body } = reply(request, text);
      return response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const kms: TestKms = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys,
    seen: [],
    twist: undefined,
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return kms;
}

const spki = ({ publicKey }: Keys['p256']) => publicKey.export({ format: 'der', type: 'spki' });

/** Signs a digest that was made elsewhere: node:crypto hashes by itself, openssl's tool does not. */
function signDigest(privateKey: KeyObject, digest: Buffer): Buffer {
  const dir = mkdtempSync(join(tmpdir(), 'tidegate-kms-'));
  try {
    const key = join(dir, 'key.pem');
    writeFileSync(key, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
    return execFileSync('openssl', ['pkeyutl', '-sign', '-inkey', key], { input: digest });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** AWS JSON 1.1: `alias/p256` and `alias/ed25519`. */
export function awsKms(): Promise<TestKms> {
  return serve(({ headers, body }, keys) => {
    const signed =
      /^AWS4-HMAC-SHA256 Credential=AKTEST\/\d{8}\/eu-central-1\/kms\/aws4_request, SignedHeaders=[a-z0-9;-]*x-amz-date[a-z0-9;-]*, Signature=[0-9a-f]{64}$/;
    if (!signed.test(headers.authorization ?? '')) return awsFault(400, 'IncompleteSignatureException');
    if (headers['content-type'] !== 'application/x-amz-json-1.1') return awsFault(400, 'SerializationException');
    const pair = keys[String(body['KeyId']).replace('alias/', '') as 'p256'] as Keys['p256'] | undefined;
    if (!pair) return awsFault(400, 'NotFoundException');
    const KeySpec = pair === keys.p256 ? 'ECC_NIST_P256' : 'ECC_NIST_EDWARDS25519';
    if (headers['x-amz-target'] === 'TrentService.GetPublicKey') {
      const PublicKey = spki(pair).toString('base64');
      return { body: { KeyId: 'arn', KeySpec, KeyUsage: 'SIGN_VERIFY', PublicKey } };
    }
    if (headers['x-amz-target'] !== 'TrentService.Sign') return awsFault(400, 'UnknownOperationException');
    const message = Buffer.from(String(body['Message']), 'base64');
    const { MessageType, SigningAlgorithm } = body;
    if (message.length > (MessageType === 'RAW' ? 4096 : 32)) return awsFault(400, 'ValidationException');
    const how = `${KeySpec} ${String(MessageType)} ${String(SigningAlgorithm)}`;
    if (how === 'ECC_NIST_P256 DIGEST ECDSA_SHA_256') {
      return { body: { Signature: signDigest(pair.privateKey, message).toString('base64') } };
    }
    if (how !== 'ECC_NIST_EDWARDS25519 RAW ED25519_SHA_512') return awsFault(400, 'InvalidKeyUsageException');
    return { body: { Signature: sign(null, message, pair.privateKey).toString('base64') } };
  });
}

export function awsFault(status: number, type: string): KmsAnswer {
  return { status, body: { __type: type, message: `${type} of the test` } };
}

export const GCP_RING = 'projects/fw/locations/europe-west3/keyRings/ota/cryptoKeys';

/** Google's REST: `<ring>/p256/cryptoKeyVersions/1` and `<ring>/ed25519/cryptoKeyVersions/1`, and the place of tokens. */
export function gcpKms(): Promise<TestKms> {
  return serve(({ path, headers, body }, keys) => {
    if (path === '/token') return { body: { access_token: 'of-the-test', token_type: 'Bearer', expires_in: 3600 } };
    if (!/^Bearer \S+$/.test(headers.authorization ?? '')) return gcpFault(401, 'UNAUTHENTICATED');
    const match =
      /^\/v1\/(projects\/\S+\/cryptoKeys\/([a-z0-9]+)\/cryptoKeyVersions\/1)(\/publicKey|:asymmetricSign)/.exec(path);
    const pair = keys[match?.[2] as 'p256'] as Keys['p256'] | undefined;
    if (!match || !pair) return gcpFault(404, 'NOT_FOUND');
    const name = match[1];
    if (match[3] === '/publicKey') {
      const pem = pair.publicKey.export({ format: 'pem', type: 'spki' }).toString();
      return { body: { name, pem, pemCrc32c: String(crc32c(Buffer.from(pem))) } };
    }
    const { data, digest } = body as { data?: string; digest?: { sha256: string } };
    const sent = Buffer.from(data ?? digest?.sha256 ?? '', 'base64');
    const sum = String(body[data === undefined ? 'digestCrc32c' : 'dataCrc32c']) === String(crc32c(sent));
    const signature = data === undefined ? signDigest(pair.privateKey, sent) : sign(null, sent, pair.privateKey);
    return {
      body: {
        name,
        signature: signature.toString('base64'),
        signatureCrc32c: String(crc32c(signature)),
        ...(data === undefined ? { verifiedDigestCrc32c: sum } : { verifiedDataCrc32c: sum }),
      },
    };
  });
}

export function gcpFault(status: number, text: string): KmsAnswer {
  return { status, body: { error: { code: status, status: text, message: `${text} of the test` } } };
}

/** A service account as Google's client reads it. @returns the path of its file */
export async function gcpAccount(dir: string, kms: TestKms): Promise<string> {
  const path = join(dir, 'account.json');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const account = {
    type: 'service_account',
    project_id: 'fw',
    private_key_id: '1',
    private_key: privateKey.export({ format: 'pem', type: 'pkcs8' }),
    client_email: 'signer@fw.iam.gserviceaccount.com',
    client_id: '1',
    token_uri: `${kms.url}/token`,
  };
  await writeFile(path, JSON.stringify(account), { mode: 0o600 });
  return path;
}
