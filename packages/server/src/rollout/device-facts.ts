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
  /** Its owner asked to be among the first. */
  readonly canary: boolean;
  /** Names that operators gave it. These and the group are neither proven nor said by the device. */
  readonly tags: readonly string[];
  /** The one that an operator or its claim token put it into. */
  readonly group: string | null;
  /** Null: never. While it checks in, that is now. */
  readonly lastCheckIn: Date | null;
}

/** What a check-in brings. */
export type SaidFacts = Omit<DeviceFacts, 'tags' | 'group' | 'lastCheckIn'>;

/** Counter that the device runs of a component; 0 where it has none. */
export function runningCounter(device: Pick<DeviceFacts, 'components'>, component: string): number {
  return device.components.find(c => c.component === component)?.counter ?? 0;
}
