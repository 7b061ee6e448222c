/**
 * What a process that ends says to requests that still come on open connections: begin anew elsewhere or later, spread,
 * so that they do not come back all at once to the one that takes its place. What is at work is answered as always.
 */
import type { FastifyInstance } from 'fastify';
import { ServerError } from '../server-error.ts';

/** A restart takes seconds. */
const SPREAD_SECONDS = 30;

/** For every route that is registered from here on. @param random in [0, 1) */
export function refuseWhileGoingDown(app: FastifyInstance, random: () => number): void {
  let goesDown = false;
  app.addHook('preClose', async () => {
    goesDown = true;
  });
  app.addHook('onRequest', async () => {
    if (!goesDown) return;
    throw new ServerError('unavailable', 'this server process is ending: come again as Retry-After says', {
      retryAfterSeconds: 1 + Math.floor(SPREAD_SECONDS * random()),
    });
  });
}
