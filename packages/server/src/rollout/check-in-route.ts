/** Signature first: `app.register(checkInRoute(deps))` inside the authenticated device plugin. */
import type { FastifyPluginAsync } from 'fastify';
import type { Deps } from '../deps.ts';
import type { Board } from './board.ts';
import type { DeviceMemory } from './device-memory.ts';
import type { RolloutConfig } from './rollout-config.ts';

export interface CheckInDeps extends Deps {
  readonly board: Board;
  readonly memory: DeviceMemory;
  readonly config: Pick<RolloutConfig, 'pollSeconds'>;
}

export function checkInRoute(_deps: CheckInDeps): FastifyPluginAsync {
  return async () => {};
}
