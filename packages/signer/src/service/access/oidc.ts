/**
 * Tokens of CI: verified against the keys that their issuer publishes. Only asymmetric algorithms that the configuration
 * names; keys are fetched over TLS, kept for a while, and asked for again when a token names one that is not known. A
 * token is never logged, and what it says counts only once its signature holds.
 */
import { closed, jsonParser } from '@tidegate/protocol';
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  jwtVerify,
  type JWTVerifyGetKey,
} from 'jose';
import { type Static, Type } from 'typebox';
import type { Clock } from '../../clock.ts';
import { checkedUrl, exchange } from '../../http/exchange.ts';
import { SignerError } from '../../signer-error.ts';
import type { Claims } from './claims-policy.ts';

export const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;

export const Issuer = closed({
  /** Exactly as in the tokens. */
  issuer: Type.String({ minLength: 1, maxLength: 512 }),
  /** Whom tokens must be made out to: this service, by a name that no other service uses. */
  audience: Type.String({ minLength: 1, maxLength: 512 }),
  /** Where its keys are; found through `<issuer>/.well-known/openid-configuration` unless given. */
  jwksUrl: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })),
  algorithms: Type.Optional(Type.Array(Type.Enum([...ALGORITHMS]), { minItems: 1 })),
});
export type Issuer = Static<typeof Issuer>;

export interface VerifiedToken {
  readonly issuer: string;
  readonly subject: string;
  readonly claims: Claims;
}

export interface OidcOptions {
  readonly now: Clock;
  /** How far the clocks may be apart. */
  readonly clockToleranceSeconds: number;
}

export const TOKEN_CHARS = 16 * 1024;
const ANSWER_BYTES = 512 * 1024;
const ANSWER_SECONDS = 5;
/** Keys are fetched again after this, also where nothing new is asked for. */
const KEYS_KEPT_MS = 600_000;
/** Tokens that name unknown keys make no more fetches than this. */
const FETCH_PAUSE_MS = 10_000;
/** Oldest token that is taken, whatever end it names itself. */
const TOKEN_AGE_SECONDS = 3600;

const parseDiscovery = jsonParser(Type.Object({ issuer: Type.String(), jwks_uri: Type.String({ maxLength: 1024 }) }));

export type VerifyToken = (token: string) => Promise<VerifiedToken>;

/** @returns a verifier that throws SignerError `token-invalid`, `token-expired`, `network` where keys cannot be had */
export function openVerifier(issuers: readonly Issuer[], options: OidcOptions): VerifyToken {
  const keys = new Map(issuers.map(issuer => [issuer.issuer, keysOf(issuer)]));
  return async token => {
    if (token.length > TOKEN_CHARS) throw invalid('it is too long');
    const named = issuerIn(token);
    const issuer = issuers.find(i => i.issuer === named);
    const get = issuer && keys.get(issuer.issuer);
    if (!issuer || !get) throw invalid('its issuer is not one that is trusted here');
    try {
      const { payload } = await jwtVerify(token, get, {
        issuer: issuer.issuer,
        audience: issuer.audience,
        algorithms: [...(issuer.algorithms ?? ['RS256'])],
        clockTolerance: options.clockToleranceSeconds,
        maxTokenAge: TOKEN_AGE_SECONDS,
        requiredClaims: ['exp', 'iat', 'sub'],
        currentDate: options.now(),
      });
      // Made out to others as well, it could have been passed on by one of them.
      if (Array.isArray(payload.aud) && payload.aud.length > 1) throw invalid('it is made out to several audiences');
      return { issuer: issuer.issuer, subject: String(payload.sub).slice(0, 512), claims: payload };
    } catch (error) {
      throw asSignerError(error);
    }
  };
}

/** Read before anything is verified, and used for nothing but to choose whose keys are asked. */
function issuerIn(token: string): string | undefined {
  try {
    const [, payload = ''] = token.split('.');
    const parsed = parseIssuer(Buffer.from(payload, 'base64url').toString('utf8'));
    return parsed.ok ? parsed.value.iss : undefined;
  } catch {
    return undefined;
  }
}
const parseIssuer = jsonParser(Type.Object({ iss: Type.String({ maxLength: 512 }) }));

function keysOf({ issuer, jwksUrl }: Issuer): JWTVerifyGetKey {
  let opened: Promise<JWTVerifyGetKey> | undefined;
  const open = async () =>
    createRemoteJWKSet(checkedUrl(jwksUrl ?? (await discover(issuer))), {
      cacheMaxAge: KEYS_KEPT_MS,
      cooldownDuration: FETCH_PAUSE_MS,
      [customFetch]: boundedFetch,
    });
  return async (header, token) => {
    opened ??= open();
    try {
      return await (await opened)(header, token);
    } catch (error) {
      // A failed discovery is tried again with the next token.
      if (error instanceof SignerError) opened = undefined;
      throw error;
    }
  };
}

async function discover(issuer: string): Promise<string> {
  const url = checkedUrl(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const { status, body } = await get(url);
  const parsed = parseDiscovery(body.toString('utf8'));
  if (status === 200 && parsed.ok && parsed.value.issuer === issuer) return parsed.value.jwks_uri;
  throw new SignerError('network', `${url.origin} does not say where the keys of its tokens are.`);
}

const boundedFetch: FetchImplementation = async url => {
  const { status, body } = await get(checkedUrl(url));
  return new Response(new Uint8Array(body), { status, headers: { 'content-type': 'application/json' } });
};

/** Follows no redirect: where keys come from is configured, not told by whoever answers. */
function get(url: URL) {
  return exchange({ method: 'GET', url, idleSeconds: ANSWER_SECONDS, maxBytes: ANSWER_BYTES });
}

function invalid(why: string, cause?: unknown): SignerError {
  return new SignerError('token-invalid', `The token is not taken: ${why}.`, { cause });
}

/** Says which check failed, never what stands in the token. */
function asSignerError(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return new SignerError('token-expired', 'The token has expired.');
  if (error instanceof errors.JWTClaimValidationFailed) return invalid(`its claim ${error.claim} does not fit`);
  if (error instanceof errors.JOSEAlgNotAllowed) return invalid('its algorithm is not allowed');
  if (error instanceof errors.JWKSNoMatchingKey) return invalid('it is signed by a key that its issuer does not have');
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) {
    return new SignerError('network', "The issuer's keys cannot be read.", { cause: error });
  }
  if (error instanceof errors.JOSEError) return invalid('its signature or form does not hold');
  if (error instanceof TypeError) return invalid('its key does not fit its algorithm');
  return error;
}
