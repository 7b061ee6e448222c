/** `GET /status`: the server at a glance. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { StatusView } from '@tidegate/protocol';
import type { FastifyPluginAsync } from 'fastify';
import type { Clock } from '../clock.ts';
import type { Db } from '../deps.ts';
import type { PublishedRoles } from '../publication/published-roles.ts';
import type { Queues } from '../queue/queue.ts';
import { sharedReading } from '../shared-reading.ts';
import { SERVER_VERSION } from '../server-version.ts';
import { countDevices, countProducts, countReleases, countRollouts } from './status-store.ts';

export interface StatusDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly queue: Pick<Queues, 'backend' | 'reachable'>;
  readonly publishedRoles: PublishedRoles;
}

const LATELY_MS = 86_400_000;
/** A large fleet is counted for a twentieth of the time at most, however often it is asked; a small one is always fresh. */
const KEPT_TIMES = 20;
const KEPT_MS = 60_000;

export function statusRoutes({ db, clock, queue, publishedRoles }: StatusDeps): FastifyPluginAsync {
  const devices = sharedReading(() => countDevices(db, new Date(clock.now().getTime() - LATELY_MS)), {
    clock,
    keepMs: tookMs => Math.min(KEPT_MS, KEPT_TIMES * tookMs),
  });
  return async plain => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    const schema = {
      operationId: 'getStatus',
      summary: 'The server at a glance',
      tags: ['server'],
      response: { 200: StatusView },
    };
    app.get('/status', { schema }, async (_request, reply) => {
      reply.header('Cache-Control', 'no-store');
      const roles = await publishedRoles();
      return {
        version: SERVER_VERSION,
        products: await countProducts(db),
        devices: await devices(),
        releases: await countReleases(db),
        rollouts: await countRollouts(db),
        metadata: roles?.map(r => ({ ...r, expiresAt: r.expiresAt.toISOString() })) ?? null,
        queue: { backend: queue.backend, reachable: await queue.reachable() },
      };
    });
  };
}
