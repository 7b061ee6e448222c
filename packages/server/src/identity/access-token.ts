/**
 * Access tokens of devices: EdDSA, one hour, by @fastify/jwt with its cache of verified tokens. Expiry is judged here,
 * by the injected clock, after the signature.
 */
import fastifyJwt from '@fastify/jwt';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { Hex32, Name, parser } from '@tidegate/protocol';
import type { Clock } from '../clock.ts';
import type { RequestDevice } from '../http/request-identity.ts';
import { ServerError } from '../server-error.ts';
import type { ServerKeys } from './server-keys.ts';

export const ACCESS_TOKEN_SECONDS = 3600;
const TOKENS_REMEMBERED = 50_000;
const ISSUER = 'tidegate';

const readClaims = parser(Type.Object({ sub: Hex32, product: Name, iat: Type.Number(), exp: Type.Number() }));

export async function useAccessTokens(app: FastifyInstance, keys: ServerKeys['tokenKeys']): Promise<void> {
  await app.register(fastifyJwt, {
    secret: keys,
    sign: { algorithm: 'EdDSA', iss: ISSUER },
    verify: { algorithms: ['EdDSA'], allowedIss: ISSUER, ignoreExpiration: true, cache: TOKENS_REMEMBERED },
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
export function readAccessToken(app: FastifyInstance, authorization: string | undefined, clock: Clock): RequestDevice {
  if (!authorization?.startsWith('Bearer ')) throw new ServerError('unauthenticated', 'an access token is needed');
  const claims = readClaims(verified(app, authorization.slice('Bearer '.length)));
  if (!claims.ok) throw new ServerError('unauthenticated', 'the access token is not valid');
  if (claims.value.exp * 1000 <= clock.now().getTime())
    throw new ServerError('token-expired', 'the access token has expired');
  return { id: claims.value.sub, product: claims.value.product, tokenIssuedAtSeconds: claims.value.iat };
}

function verified(app: FastifyInstance, token: string): unknown {
  try {
    return app.jwt.verify(token);
  } catch (error) {
    throw new ServerError('unauthenticated', 'the access token is not valid', { cause: error });
  }
}
