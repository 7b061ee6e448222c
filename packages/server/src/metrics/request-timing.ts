/** Times the requests of a listener by the route that they met: by its pattern, never by the path that came. */
import type { FastifyInstance } from 'fastify';
import type { Listener, Metrics } from './metrics.ts';

/** Where no route was met, the path and the method are the client's own words. */
const NOWHERE = { method: 'other', route: 'none' };

export function timeRequests(app: FastifyInstance, listener: Listener, { requests }: Metrics): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { url } = request.routeOptions;
    const met = request.is404 || url === undefined ? NOWHERE : { method: request.method, route: url };
    requests.observe({ listener, ...met, status: `${Math.floor(reply.statusCode / 100)}xx` }, reply.elapsedTime / 1000);
    done();
  });
}
