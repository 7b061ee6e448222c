/** Signature first: `app.register(reportRoute(deps))` inside the authenticated device plugin. */
import type { FastifyPluginAsync } from 'fastify';
import type { Deps } from '../deps.ts';
import type { DeviceMemory } from '../rollout/device-memory.ts';

export function reportRoute(_deps: Deps & { readonly memory: DeviceMemory }): FastifyPluginAsync {
  return async () => {};
}
