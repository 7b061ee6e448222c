/** What is known of a device when it asks: its identity is proven, the rest is what it says of itself. */
import type { RunningComponent } from '@tidegate/protocol';

export interface DeviceFacts {
  readonly id: string;
  /** From the identity, never from the body. */
  readonly product: string;
  readonly channel: string;
  readonly hardware: string;
  readonly components: readonly RunningComponent[];
  readonly attributes: Readonly<Record<string, string>>;
}

/** Counter that the device runs of a component; 0 where it has none. */
export function runningCounter(device: Pick<DeviceFacts, 'components'>, component: string): number {
  return device.components.find(c => c.component === component)?.counter ?? 0;
}
