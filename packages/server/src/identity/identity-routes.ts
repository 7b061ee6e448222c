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
import type { LoadControl } from '../fleet/load-control.ts';
import { ACCESS_TOKEN_SECONDS, issueAccessToken } from './access-token.ts';
import { enrolByCertificate } from './enrol-by-certificate.ts';
import { enrolByClaim } from './enrol-by-claim.ts';
import { enrolByKey } from './enrol-by-key.ts';
import { proveDevice } from './exchange-token.ts';
import { issueNonce } from './nonce.ts';

export interface IdentityDeps extends Deps {
  readonly nonceSecret: Buffer;
  readonly load: Pick<LoadControl, 'opening' | 'byAddress'>;
}

export function identityRoutes(deps: IdentityDeps): FastifyPluginAsync {
  const { clock, nonceSecret, load } = deps;
  return async plain => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    const opening = { bodyLimit: LIMITS.enrolBytes, onRequest: load.opening };
    // Its nonce was paid for.
    const goingOn = {
      bodyLimit: LIMITS.enrolBytes,
      onRequest: load.byAddress,
      config: { urgency: 'closing' as const },
    };

    app.post(
      '/enrol',
      {
        ...opening,
        schema: {
          operationId: 'enrol',
          summary: 'Become known by a claim token and a key',
          tags: ['identity'],
          description: 'The same token with the same key gets the same answer.',
          problems: ['signature-invalid', 'claim-token-invalid', 'claim-token-used', 'wrong-product', 'key-known'],
          body: EnrolRequest,
          response: { 200: EnrolAnswer },
        },
      },
      request => enrolByClaim(deps, request.body),
    );

    app.post(
      '/enrol-key',
      {
        ...goingOn,
        schema: {
          operationId: 'enrolKey',
          summary: 'Become known by a key that was registered beforehand',
          tags: ['identity'],
          problems: [
            'nonce-invalid',
            'signature-invalid',
            'key-unknown',
            'wrong-product',
            'key-known',
            'device-revoked',
          ],
          body: EnrolKeyRequest,
          response: { 200: EnrolAnswer },
        },
      },
      request => enrolByKey(deps, nonceSecret, request.body),
    );

    app.post(
      '/enrol-certificate',
      {
        ...opening,
        schema: {
          operationId: 'enrolCertificate',
          summary: 'Become known by a certificate of the connection',
          tags: ['identity'],
          problems: [
            'certificate-needed',
            'certificate-invalid',
            'certificate-expired',
            'certificate-wrong-product',
            'key-known',
            'device-revoked',
          ],
          body: EnrolCertificateRequest,
          response: { 200: EnrolAnswer },
        },
      },
      request => enrolByCertificate(deps, request.socket, request.body),
    );

    const nonceSchema = {
      operationId: 'getNonce',
      summary: 'A nonce to sign, good once and for a minute',
      tags: ['identity'],
      response: { 200: NonceAnswer },
    };
    app.get('/nonce', { schema: nonceSchema, onRequest: load.opening }, async (_request, reply) => {
      reply.header('Cache-Control', 'no-store');
      return { nonce: issueNonce(nonceSecret, clock.now()), expiresInSeconds: LIMITS.nonceSeconds };
    });

    app.post(
      '/token',
      {
        ...goingOn,
        schema: {
          operationId: 'getAccessToken',
          summary: 'A signature over a nonce for an access token',
          tags: ['identity'],
          problems: ['nonce-invalid', 'signature-invalid', 'device-revoked'],
          body: TokenRequest,
          response: { 200: TokenAnswer },
        },
      },
      async request => {
        const device = await proveDevice(deps, nonceSecret, request.body);
        return { accessToken: issueAccessToken(plain, device, clock), expiresInSeconds: ACCESS_TOKEN_SECONDS };
      },
    );
  };
}
