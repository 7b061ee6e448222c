/**
 * The hooks before every route of the admin API: who is it (401), and may they (403). A plugin is registered under one
 * guard, so a route cannot come to be without one.
 */
import { OPERATOR_ROLES, type OperatorRole } from '@tidegate/protocol';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import type { Db } from '../deps.ts';
import { markAccess } from '../openapi/operation.ts';
import { ServerError } from '../server-error.ts';
import { findOperator } from './operator-store.ts';

const READS = ['GET', 'HEAD'];

export function authenticateOperators(app: FastifyInstance, db: Db): void {
  markAccess(app, () => ({ kind: 'operator', role: 'viewer' }));
  app.addHook('onRequest', async request => {
    const { authorization } = request.headers;
    const operator = authorization?.startsWith('Bearer ')
      ? await findOperator(db, authorization.slice('Bearer '.length))
      : undefined;
    if (!operator) throw new ServerError('unauthenticated', 'an API token is needed');
    request.operator = operator;
  });
  app.addHook('onResponse', async (request, reply) => {
    if (READS.includes(request.method) || !request.operator) return;
    const { id, name } = request.operator;
    request.log.info(
      { reqId: request.id, operator: { id, name }, method: request.method, url: request.url, status: reply.statusCode },
      'act',
    );
  });
}

/** Registers the routes for those who have at least the role that the request's method asks for. */
export function guarded(
  may: { read: OperatorRole; write: OperatorRole },
  routes: FastifyPluginAsync,
): FastifyPluginAsync {
  const leastFor = (method: string) => (READS.includes(method) ? may.read : may.write);
  return async app => {
    markAccess(app, method => ({ kind: 'operator', role: leastFor(method) }));
    app.addHook('onRequest', async request => {
      const least = leastFor(request.method);
      if (OPERATOR_ROLES.indexOf(request.operator.role) < OPERATOR_ROLES.indexOf(least)) {
        throw new ServerError('forbidden', `this needs the role ${least}: ask an admin for a token of that role`);
      }
    });
    await app.register(routes);
  };
}
