/** API tokens for people's tools and machines: made by an admin, shown once, listed without their secret, revoked at once. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { ApiTokenAnswer, ApiTokenRequest, ApiTokenView, closed, Hex32, page } from '@tidegate/protocol';
import type { FastifyPluginAsync } from 'fastify';
import type { Deps } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import { addApiToken, listApiTokens, revokeApiToken } from './operator-store.ts';
import { pageOf, pageQuery } from './paging.ts';

export function tokenRoutes({ db, clock, log }: Deps): FastifyPluginAsync {
  return async plain => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    app.post(
      '/tokens',
      {
        schema: {
          operationId: 'createApiToken',
          summary: 'An API token for a person or a machine, shown once',
          tags: ['people'],
          body: ApiTokenRequest,
          response: { 201: ApiTokenAnswer },
        },
      },
      async (request, reply) =>
        reply
          .code(201)
          .header('Cache-Control', 'no-store')
          .send(await addApiToken(db, request.body, clock.now())),
    );

    const list = {
      operationId: 'listApiTokens',
      summary: 'Whose tokens there are, revoked ones included',
      tags: ['people'],
      querystring: closed(pageQuery),
      response: { 200: page(ApiTokenView) },
    };
    app.get('/tokens', { schema: list }, request =>
      pageOf(
        request.query,
        token => token.id,
        (after, limit) => listApiTokens(db, after, limit),
      ),
    );

    const revoke = {
      operationId: 'revokeApiToken',
      summary: 'Let a token in no more, from the next request on',
      tags: ['people'],
      description: 'May be asked again. The last admin stays.',
      problems: ['not-found', 'conflict'] as const,
      params: closed({ id: Hex32 }),
      response: { 200: ApiTokenView },
    };
    app.post('/tokens/:id/revoke', { schema: revoke }, async request => {
      const { id } = request.params;
      const revoked = await revokeApiToken(db, id, clock.now());
      if (revoked === 'unknown') throw new ServerError('not-found', 'there is no such token');
      if (revoked === 'last-admin') {
        throw new ServerError('conflict', 'this is the last token of an admin: make another first');
      }
      log.warn({ by: request.operator.id, token: { id, name: revoked.name } }, 'an API token was revoked');
      return revoked;
    });
  };
}
