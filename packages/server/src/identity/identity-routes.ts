/** The device API's open routes: enrolment, nonce, token. Everything else of it stands behind `deviceAuthentication`. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import {
  EnrolAnswer,
  EnrolCertificateRequest,
  EnrolKeyRequest,
  EnrolRequest,
  LIMITS,
  NonceAnswer,
  TokenAnswer,
  TokenRequest,
} from '@tidegate/protocol';
import type { FastifyPluginAsync } from 'fastify';
import type { Deps } from '../deps.ts';
import { ACCESS_TOKEN_SECONDS, issueAccessToken } from './access-token.ts';
import { enrolByCertificate } from './enrol-by-certificate.ts';
import { enrolByClaim } from './enrol-by-claim.ts';
import { enrolByKey } from './enrol-by-key.ts';
import { proveDevice } from './exchange-token.ts';
import { issueNonce } from './nonce.ts';

export function identityRoutes(deps: Deps & { readonly nonceSecret: Buffer }): FastifyPluginAsync {
  const { clock, nonceSecret } = deps;
  return async plain => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    const options = { bodyLimit: LIMITS.enrolBytes };

    app.post('/enrol', { ...options, schema: { body: EnrolRequest, response: { 200: EnrolAnswer } } }, request =>
      enrolByClaim(deps, request.body),
    );

    app.post('/enrol-key', { ...options, schema: { body: EnrolKeyRequest, response: { 200: EnrolAnswer } } }, request =>
      enrolByKey(deps, nonceSecret, request.body),
    );

    app.post(
      '/enrol-certificate',
      { ...options, schema: { body: EnrolCertificateRequest, response: { 200: EnrolAnswer } } },
      request => enrolByCertificate(deps, request.socket, request.body),
    );

    app.get('/nonce', { schema: { response: { 200: NonceAnswer } } }, async (_request, reply) => {
      reply.header('Cache-Control', 'no-store');
      return { nonce: issueNonce(nonceSecret, clock.now()), expiresInSeconds: LIMITS.nonceSeconds };
    });

    app.post(
      '/token',
      { ...options, schema: { body: TokenRequest, response: { 200: TokenAnswer } } },
      async request => {
        const device = await proveDevice(deps, nonceSecret, request.body);
        return { accessToken: issueAccessToken(plain, device, clock), expiresInSeconds: ACCESS_TOKEN_SECONDS };
      },
    );
  };
}
