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

export const Live = Type.Object({ live: Type.Boolean() });
export const Ready = Type.Object({ database: Type.Boolean(), rollouts: Type.Boolean() });

export function healthRoutes({ db, boardConfirmed }: Readiness): FastifyPluginAsync {
  return async app => {
    app.get(
      '/livez',
      {
        schema: {
          operationId: 'getLive',
          summary: 'Whether the process answers',
          tags: ['server'],
          response: { 200: Live },
        },
      },
      async () => ({ live: true }),
    );
    const readySchema = {
      operationId: 'getReady',
      summary: 'Whether it can do its work, or which part cannot',
      tags: ['server'],
      response: { 200: Ready, 503: Ready },
    };
    app.get('/readyz', { schema: readySchema }, async (_request, reply) => {
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
