/**
 * `GET /metrics` for Prometheus, on the admin listener, without a token: numbers only, nothing of a device or a person.
 * It must never slow check-ins: however many ask, the text is made once a second at most.
 */
import type { FastifyPluginAsync } from 'fastify';
import { sharedReading } from '../shared-reading.ts';
import { type FleetGaugesDeps, gaugeFleet } from './fleet-gauges.ts';
import type { Metrics } from './metrics.ts';
import { gaugeProcess } from './process-gauges.ts';
import { gaugeState, type StateDeps } from './state-gauges.ts';

const KEPT_MS = 1000;
const SCHEMA = {
  operationId: 'getMetrics',
  summary: 'Numbers for Prometheus',
  tags: ['server'],
  answers: { 200: { description: "Prometheus' text format.", mediaType: 'text/plain' } },
};

export function metricsRoute(deps: StateDeps & FleetGaugesDeps & { readonly metrics: Metrics }): FastifyPluginAsync {
  const { registry } = deps.metrics;
  return async app => {
    const refreshState = gaugeState(registry, deps);
    gaugeFleet(registry, deps);
    const endProcessGauges = gaugeProcess(registry);
    app.addHook('onClose', async () => endProcessGauges());
    const text = sharedReading(
      async () => {
        await refreshState();
        return registry.metrics();
      },
      { clock: deps.clock, keepMs: () => KEPT_MS },
    );
    app.get('/metrics', { schema: SCHEMA }, async (_request, reply) =>
      reply
        .header('Cache-Control', 'no-store')
        .type(registry.contentType)
        .send(await text()),
    );
  };
}
