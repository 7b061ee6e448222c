/** An OpenID provider as CI has one: keys that it publishes and rotates, and tokens with the claims that a test asks for. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export interface OidcProvider extends AsyncDisposable {
  readonly issuer: string;
  /** A token that is good in all but what is said otherwise. */
  readonly token: (claims: object, how?: { audience?: string; issuedAt?: number; expires?: number }) => Promise<string>;
  /** New keys in place of those before. */
  readonly rotate: () => Promise<void>;
  /** The public key as text, for those who would use it as a shared secret. */
  readonly publicText: () => string;
  /** How often the keys were asked for. */
  readonly asked: () => number;
}

export const AUDIENCE = 'https://signing.example';

export async function startOidcProvider(): Promise<OidcProvider> {
  let asked = 0;
  let round = 0;
  let jwk: JWK = {};
  let key: Parameters<SignJWT['sign']>[0];
  async function rotate(): Promise<void> {
    const pair = await generateKeyPair('RS256');
    key = pair.privateKey;
    jwk = { ...(await exportJWK(pair.publicKey)), kid: `key-${++round}`, alg: 'RS256', use: 'sig' };
  }
  await rotate();
  const server = createServer((request, response) => {
    if (request.url === '/jwks') asked++;
    const answer =
      request.url === '/jwks' ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/jwks`, response_types_supported: [] };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    rotate,
    publicText: () => JSON.stringify(jwk),
    asked: () => asked,
    token: (claims, { audience = AUDIENCE, issuedAt, expires } = {}) => {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: jwk.kid ?? '' })
        .setIssuer(issuer)
        .setSubject('repo:acme/gw2:ref:refs/heads/main')
        .setAudience(audience)
        .setIssuedAt(issuedAt ?? now)
        .setExpirationTime(expires ?? now + 300)
        .sign(key);
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(done => server.close(done));
    },
  };
}
