/**
 * Access tokens of devices: EdDSA, one hour, by @fastify/jwt. A header that was verified once is remembered, since
 * a device sends the same one for an hour. Expiry is judged here, by the injected clock, each time.
 */
import { getHeapStatistics } from 'node:v8';
import fastifyJwt from '@fastify/jwt';
import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { Hex32, Name, parser } from '@tidegate/protocol';
import type { Clock } from '../clock.ts';
import type { RequestDevice } from '../http/request-identity.ts';
import { recentMap } from '../recent-map.ts';
import { ServerError } from '../server-error.ts';
import type { ServerKeys } from './server-keys.ts';

export const ACCESS_TOKEN_SECONDS = 3600;
/** About what a remembered header takes. All of them together take an eighth of the heap at most. */
const REMEMBERED_BYTES = 600;
const ISSUER = 'tidegate';

const SCHEME = 'Bearer ';

const Claims = Type.Object({ sub: Hex32, product: Name, iat: Type.Number(), exp: Type.Number() });
const readClaims = parser(Claims);

export async function useAccessTokens(app: FastifyInstance, keys: ServerKeys['tokenKeys']): Promise<void> {
  await app.register(fastifyJwt, {
    secret: keys,
    sign: { algorithm: 'EdDSA', iss: ISSUER },
    verify: { algorithms: ['EdDSA'], allowedIss: ISSUER, ignoreExpiration: true },
  });
}

export function issueAccessToken(
  app: FastifyInstance,
  device: Pick<RequestDevice, 'id' | 'product'>,
  clock: Clock,
): string {
  const now = Math.floor(clock.now().getTime() / 1000);
  return app.jwt.sign({ sub: device.id, product: device.product, iat: now, exp: now + ACCESS_TOKEN_SECONDS });
}

/** @param authorization the header as it came. Throws ServerError: unauthenticated, token-expired. */
export type ReadAccessToken = (authorization: string | undefined) => RequestDevice;

interface Verified {
  readonly device: RequestDevice;
  readonly expiresAtMs: number;
}

export function accessTokenReader(app: FastifyInstance, clock: Clock): ReadAccessToken {
  const verified = recentMap<Verified>(getHeapStatistics().heap_size_limit / 8 / REMEMBERED_BYTES);

  function recall(authorization: string): Verified {
    const known = verified.get(authorization);
    if (known) return known;
    const read = verify(app, authorization.slice(SCHEME.length));
    verified.set(authorization, read);
    return read;
  }

  return authorization => {
    if (!authorization?.startsWith(SCHEME)) throw new ServerError('unauthenticated', 'an access token is needed');
    const { device, expiresAtMs } = recall(authorization);
    if (expiresAtMs <= clock.now().getTime()) throw new ServerError('token-expired', 'the access token has expired');
    return device;
  };
}

function verify(app: FastifyInstance, token: string): Verified {
  const { sub, product, iat, exp } = claimsOf(app, token);
  return { device: { id: sub, product, tokenIssuedAtSeconds: iat }, expiresAtMs: exp * 1000 };
}

function claimsOf(app: FastifyInstance, token: string): Static<typeof Claims> {
  let payload: unknown;
  try {
    payload = app.jwt.verify(token);
  } catch (error) {
    throw new ServerError('unauthenticated', 'the access token is not valid', { cause: error });
  }
  const claims = readClaims(payload);
  if (!claims.ok) throw new ServerError('unauthenticated', 'the access token is not valid');
  return claims.value;
}
