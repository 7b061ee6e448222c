/** Signature first. */
import type { Deps } from '../deps.ts';
import type { RolloutConfig } from '../rollout/rollout-config.ts';

export interface Queues {
  readonly close: () => Promise<void>;
}

export function startQueue(_deps: Deps & { readonly url: string; readonly config: RolloutConfig }): Promise<Queues> {
  throw new Error('being written');
}
