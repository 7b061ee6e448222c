/**
 * How far a module has come with what is on trial, durable before each thing that it does: after a crash this record
 * decides what runs and what is run again. Where a module works in place there are no two slots: the two names stand for
 * the old software and the new.
 */
import { Hex32 } from '@tidegate/protocol';
import type { Static } from 'typebox';
import * as Type from '@tidegate/protocol/type';
import type { SlotName } from '../../ports.ts';

const Slot = Type.Enum(['a', 'b']);

export const Trial = Type.Object({
  slot: Slot,
  /** `left`: the way back was gone; where it needs a restart of the machine, the new software runs until then. */
  phase: Type.Enum(['staged', 'activating', 'active', 'leaving', 'left']),
  canGoBack: Type.Boolean(),
  restart: Type.Enum(['none', 'own', 'machine']),
  /** The boot in which `active` or `left` was reached: with another one the restart has come. */
  bootId: Hex32,
});
export type Trial = Static<typeof Trial>;

export const Progress = Type.Object({
  /** What runs where nothing is on trial. */
  running: Slot,
  trial: Type.Optional(Trial),
});
export type Progress = Static<typeof Progress>;

/** Which of the two runs now. Pure. */
export function runningNow({ running, trial }: Progress, bootId: string): SlotName {
  if (!trial) return running;
  const hasRestarted = trial.restart !== 'machine' || trial.bootId !== bootId;
  switch (trial.phase) {
    case 'staged':
      return running;
    case 'activating':
    case 'leaving':
      return trial.slot;
    case 'active':
      return hasRestarted ? trial.slot : running;
    case 'left':
      return hasRestarted ? running : trial.slot;
  }
}
