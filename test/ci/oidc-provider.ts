/** The provider of a CI's tokens: publishes its keys, gives out signed tokens, and answers GitHub's runner. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export interface OidcProvider extends AsyncDisposable {
  readonly issuer: string;
  token(audience: string, claims: Readonly<Record<string, string>>): Promise<string>;
  /** What GitHub gives a job that may ask for tokens: an address, and the secret to ask with. */
  requestsFor(claims: Readonly<Record<string, string>>): { readonly url: string; readonly secret: string };
}

export async function startOidcProvider(): Promise<OidcProvider> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'first', alg: 'RS256', use: 'sig' };
  const jobs = new Map<string, Readonly<Record<string, string>>>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', issuer);
    const claims = jobs.get(request.headers.authorization ?? '');
    const answer = (value: unknown) => void response.end(JSON.stringify(value));
    if (url.pathname === '/.well-known/openid-configuration') return answer({ issuer, jwks_uri: `${issuer}/jwks` });
    if (url.pathname === '/jwks') return answer({ keys: [jwk] });
    if (url.pathname !== '/token' || !claims) return void response.writeHead(401).end();
    void token(url.searchParams.get('audience') ?? '', claims).then(value => answer({ count: 1, value }));
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const token: OidcProvider['token'] = (audience, claims) =>
    new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'first' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);
  return {
    issuer,
    token,
    requestsFor: claims => {
      const secret = randomBytes(24).toString('base64url');
      jobs.set(`Bearer ${secret}`, claims);
      return { url: `${issuer}/token?api-version=2.0`, secret };
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(done => server.close(done));
    },
  };
}
