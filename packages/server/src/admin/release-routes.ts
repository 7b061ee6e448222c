/** What is published, and what was: releases come from signed metadata alone, so there is nothing here to change them. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { closed, Name, page, ReleaseView } from '@tidegate/protocol';
import type { FastifyPluginAsync } from 'fastify';
import { Type } from 'typebox';
import type { Db } from '../deps.ts';
import { pageOf, pageQuery } from './paging.ts';
import { listReleases } from './release-store.ts';

export function releaseRoutes({ db }: { readonly db: Db }): FastifyPluginAsync {
  return async plain => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    const query = closed({ ...pageQuery, product: Type.Optional(Name) });
    const schema = {
      operationId: 'listReleases',
      summary: 'What is published, and what was',
      tags: ['releases'],
      querystring: query,
      response: { 200: page(ReleaseView) },
    };
    app.get('/releases', { schema }, request =>
      pageOf(
        request.query,
        r => r.target,
        (after, limit) => listReleases(db, request.query.product, after, limit),
      ),
    );
  };
}
