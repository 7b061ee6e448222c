/** Signature first: `app.register(rolloutRoutes(deps))` under ADMIN_API, behind the operator's authentication. */
import type { FastifyPluginAsync } from 'fastify';
import type { Deps } from '../deps.ts';
import type { Board } from './board.ts';

export function rolloutRoutes(_deps: Deps & { readonly board: Board }): FastifyPluginAsync {
  return async () => {};
}
