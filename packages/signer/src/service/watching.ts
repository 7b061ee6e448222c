/** What watchers get of a running service: its health, its figures, and refusals in its audit log. */
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../clock.ts';
import type { Repository } from '../repository.ts';
import { SignerError } from '../signer-error.ts';
import type { RoleStatus } from '../status/status.ts';
import { freeBytes } from '../store/room.ts';
import type { Active } from './active.ts';
import { boundRefusals } from './audit/refusal-lines.ts';
import { type Health, healthOf } from './health.ts';
import type { AppDeps } from './http/app.ts';
import type { Refusal } from './http/problem-handler.ts';
import type { Metrics } from './metrics.ts';

export interface WatchingDeps {
  readonly repository: Repository;
  readonly metrics: Metrics;
  readonly now: Clock;
  /** Undefined while this process stands by. */
  readonly active: () => Active | undefined;
}

export function watching(deps: WatchingDeps): Pick<AppDeps, 'health' | 'metrics' | 'refused'> {
  const { repository, metrics, now, active } = deps;
  const refusals = boundRefusals(now);
  const healthBy = (roles: RoleStatus[]): Health => {
    const working = active();
    return healthOf({
      active: working !== undefined,
      roles,
      trouble: working?.publisher.trouble(),
      outlook: working?.publisher.outlook(),
      stage: working?.publisher.stage() ?? 'idle',
      queued: working?.schedule.queued() ?? true,
      waiting: working?.desk.list(s => s.state === 'waiting').length ?? 0,
    });
  };
  const health = async () => healthBy(await repository.status());
  const text = async () => {
    const roles = await repository.status();
    return metrics.text({
      health: healthBy(roles),
      roles,
      submissions: active()?.desk.list(() => true) ?? [],
      lastWell: active()?.publisher.lastWell(),
      freeBytes: await freeBytes(repository.dir),
    });
  };
  const refused = async (request: FastifyRequest, refusal: Refusal) => {
    metrics.refused(refusal.code);
    const audit = active()?.audit;
    if (!audit || refusal.code === 'not-found' || request.method === 'GET') return;
    const { leftOut, write } = refusals.admit();
    try {
      if (leftOut > 0) await audit.append('refusals-not-listed', { count: leftOut });
      if (write) await audit.append('refused', lineOf(request, refusal));
    } catch (error) {
      // The log is another process's by now.
      if (!(error instanceof SignerError && error.code === 'not-active')) throw error;
    }
  };
  return { health, metrics: { contentType: metrics.contentType, text }, refused };
}

/** With the route's pattern, never the address as it was sent. */
function lineOf(request: FastifyRequest, { code, detail }: Refusal) {
  const route = `${request.method} ${request.routeOptions.url ?? '?'}`;
  return { route, code, detail: detail.slice(0, 300), from: request.ip };
}
