/** Signature first. */
import type { Deps } from '../deps.ts';

export interface DeviceMemory {
  /** Writes what is still held back. */
  readonly close: () => Promise<void>;
}

export function openDeviceMemory(_deps: Deps): DeviceMemory {
  throw new Error('being written');
}
