/** Who is told what a watched rollout does. */
import type { GateDecision, RolloutView } from '@tidegate/protocol';

export interface Observer {
  /** Told at each look; `changed` where counts, phase or state differ from the look before. */
  seen(rollout: RolloutView, changed: boolean): void;
  /** Each decision once, oldest first, before the look that brought it. */
  decided(decision: GateDecision, rollout: RolloutView): void;
  /** The server is gone; told once until it is back. */
  lost(why: string): void;
  back(): void;
  ended(rollout: RolloutView): void;
  /** Leaves the terminal in order, however the watch ended. */
  close(): void;
}
