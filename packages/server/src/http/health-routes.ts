/** `/livez`: the process answers. `/readyz`: it can do its work, or which part cannot. Open to all; they tell nothing else. */
import { sql } from 'kysely';
import type { FastifyPluginAsync } from 'fastify';
import { Type } from 'typebox';
import type { Db } from '../deps.ts';

export interface Readiness {
  readonly db: Db;
  /** Whether the view of the rollouts was confirmed within the last second. */
  readonly boardConfirmed: () => boolean;
}

const Live = Type.Object({ live: Type.Boolean() });
const Ready = Type.Object({ database: Type.Boolean(), rollouts: Type.Boolean() });

export function healthRoutes({ db, boardConfirmed }: Readiness): FastifyPluginAsync {
  return async app => {
    app.get('/livez', { schema: { response: { 200: Live } } }, async () => ({ live: true }));
    app.get('/readyz', { schema: { response: { 200: Ready, 503: Ready } } }, async (_request, reply) => {
      const state = { database: await answers(db), rollouts: boardConfirmed() };
      return reply
        .code(state.database && state.rollouts ? 200 : 503)
        .header('Cache-Control', 'no-store')
        .send(state);
    });
  };
}

async function answers(db: Db): Promise<boolean> {
  try {
    await sql`select 1`.execute(db);
    return true;
  } catch {
    return false;
  }
}
