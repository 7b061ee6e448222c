/** API tokens for people's tools and machines: made by an admin, shown once. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { ApiTokenAnswer, ApiTokenRequest } from '@tidegate/protocol';
import type { FastifyPluginAsync } from 'fastify';
import type { Deps } from '../deps.ts';
import { addApiToken } from './operator-store.ts';

export function tokenRoutes({ db, clock }: Deps): FastifyPluginAsync {
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
  };
}
