/** What an installer for whole systems asks of the boot loader, whichever it is. */
import type { ArmedSlot, SlotName } from '../../ports.ts';

export interface BootState {
  /** The slot that the next start takes; undefined where nothing says so. */
  readonly next?: SlotName;
  readonly armed?: ArmedSlot;
}

/** Every change is there as a whole or not at all, also where the power goes. All throw AgentError activate-failed. */
export interface BootControl {
  state(): Promise<BootState>;
  /** The slot starts from now on, and nothing is on trial: before the other one is written. */
  settle(slot: SlotName): Promise<void>;
  /** The slot starts next, on trial: its starts are counted, and beyond them the other one starts. */
  arm(slot: SlotName): Promise<void>;
  /** The slot proved itself and is on trial no more. */
  commit(slot: SlotName): Promise<void>;
  /** Gives a slot up: from now on the other one starts. */
  leave(slot: SlotName, back: SlotName): Promise<void>;
}
