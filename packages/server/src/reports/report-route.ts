/** `POST reports` on the device listener, inside the plugin whose hook sets `request.device`. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { isFinal, LIMITS, ReportsAnswer, ReportsRequest } from '@tidegate/protocol';
import type { Deps } from '../deps.ts';
import { countReport, type Metrics } from '../metrics/metrics.ts';
import type { Queues } from '../queue/queue.ts';
import type { DeviceMemory } from '../rollout/device-memory.ts';
import { storeReports } from './report-store.ts';

export interface ReportDeps extends Deps {
  readonly memory: Pick<DeviceMemory, 'forgetAttempts'>;
  readonly metrics: Metrics;
  readonly queue: Pick<Queues, 'judgeSoon'>;
}

export function reportRoute({ db, clock, memory, metrics, queue }: ReportDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.post(
      '/reports',
      {
        bodyLimit: LIMITS.reportsBytes,
        config: { urgency: 'closing' },
        schema: {
          operationId: 'sendReports',
          summary: 'Tell how updates went, until it is acknowledged',
          tags: ['updates'],
          description: 'The same report sent twice counts once.',
          body: ReportsRequest,
          response: { 200: ReportsAnswer },
        },
      },
      async request => {
        const stored = await storeReports(db, request.device.id, request.body.reports, clock.now());
        if (stored.attemptsChanged) memory.forgetAttempts(request.device.id);
        for (const { state, code } of stored.fresh) countReport(metrics, state, code);
        queue.judgeSoon(
          stored.fresh.flatMap(r => (isFinal(r.state) && r.rolloutId !== undefined ? [r.rolloutId] : [])),
        );
        return { acknowledged: stored.acknowledged };
      },
    );
  };
}
