/** Manufacturers' certificate authorities: whose certificates devices may enrol with, each for one product. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { CertificateAuthorityRequest, CertificateAuthorityView, closed, Name, page, Sha256 } from '@tidegate/protocol';
import type { FastifyPluginAsync } from 'fastify';
import { Type } from 'typebox';
import type { Deps } from '../deps.ts';
import { addAuthority, AUTHORITIES_MAX, listAuthorities, removeAuthority } from '../identity/authority-store.ts';
import { readCertificate, readPem } from '../identity/certificate.ts';
import { objectionToAuthority } from '../identity/judge-certificate.ts';
import { ServerError } from '../server-error.ts';
import { productExists } from './fleet-store.ts';
import { pageOf, pageQuery } from './paging.ts';

export function authorityRoutes(deps: Deps): FastifyPluginAsync {
  const { db, log } = deps;
  return async plain => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();

    app.post(
      '/certificate-authorities',
      {
        schema: {
          operationId: 'addCertificateAuthority',
          summary: 'Let an authority vouch for devices of a product',
          tags: ['fleet'],
          problems: ['not-found', 'conflict'],
          body: CertificateAuthorityRequest,
          response: { 201: CertificateAuthorityView },
        },
      },
      async (request, reply) => {
        const view = await register(deps, request.body);
        log.warn({ by: request.operator.id, ...view }, 'a certificate authority may vouch for devices');
        return reply.code(201).send(view);
      },
    );

    const query = closed({ ...pageQuery, product: Type.Optional(Name) });
    const list = {
      operationId: 'listCertificateAuthorities',
      summary: 'Authorities that vouch for devices',
      tags: ['fleet'],
      querystring: query,
      response: { 200: page(CertificateAuthorityView) },
    };
    app.get('/certificate-authorities', { schema: list }, request =>
      pageOf(
        request.query,
        authority => authority.sha256,
        (after, limit) => listAuthorities(db, request.query.product, after, limit),
      ),
    );

    const params = Type.Object({ product: Name, sha256: Sha256 });
    app.delete(
      '/certificate-authorities/:product/:sha256',
      {
        schema: {
          operationId: 'removeCertificateAuthority',
          summary: 'Let an authority vouch no more',
          tags: ['fleet'],
          problems: ['not-found'],
          params,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        const { product, sha256 } = request.params;
        if (!(await removeAuthority(db, product, sha256))) {
          throw new ServerError('not-found', 'there is no such certificate authority');
        }
        log.warn({ by: request.operator.id, product, sha256 }, 'a certificate authority vouches for devices no more');
        return reply.code(204).send(null);
      },
    );
  };
}

/** Throws ServerError: not-found, invalid-input, conflict. */
async function register(
  { db, clock }: Deps,
  { product, certificate: pem }: CertificateAuthorityRequest,
): Promise<CertificateAuthorityView> {
  const now = clock.now();
  if (!(await productExists(db, product))) {
    throw new ServerError('not-found', `there is no product ${product}`, { path: '/product' });
  }
  const der = readPem(pem);
  const certificate = der && readCertificate(der);
  const objection = certificate ? objectionToAuthority(certificate, now) : 'it is not one certificate in PEM';
  if (!certificate || objection !== undefined) {
    throw new ServerError('invalid-input', `the certificate: ${objection}`, { path: '/certificate' });
  }
  const added = await addAuthority(db, { product, certificate, now });
  if ('view' in added) return added.view;
  if (added.refused === 'too-many') throw new ServerError('conflict', `there are ${AUTHORITIES_MAX} already`);
  throw new ServerError('conflict', 'this authority stands for another product: give each product one of its own', {
    path: '/product',
  });
}
