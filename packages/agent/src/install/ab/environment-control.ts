/** The boot loader steered by the variables of its environment: U-Boot's or GRUB's. */
import { AgentError } from '../../agent-error.ts';
import type { SlotName } from '../../ports.ts';
import type { BootControl } from './boot-control.ts';
import {
  type BootEnvironment,
  type BootVariables,
  bootState,
  onTrial,
  settledOn,
  writeAndCheck,
} from './boot-environment.ts';

/** Variables that others read, set along with ours. */
export interface AlsoSet {
  readonly armed: BootVariables;
  readonly committed: BootVariables;
  readonly left: BootVariables;
}

const NOTHING: AlsoSet = { armed: {}, committed: {}, left: {} };

/** @param trialBoots starts that a new system gets */
export function environmentControl(
  environment: BootEnvironment,
  trialBoots: number,
  also: AlsoSet = NOTHING,
): BootControl {
  const known = async () => {
    const variables = await environment.read();
    const now = bootState(variables);
    if (now.next === undefined) throw new AgentError('activate-failed', 'the boot environment names no tidegate_slot');
    return { ...now, variables };
  };
  const settle = async (slot: SlotName, more: BootVariables = {}) => {
    const now = await known();
    const isThere = Object.entries(more).every(([name, value]) => now.variables[name] === value);
    if (now.next !== slot || now.armed || !isThere) await writeAndCheck(environment, { ...settledOn(slot), ...more });
  };
  return {
    state: async () => bootState(await environment.read()),
    settle: slot => settle(slot),
    async arm(slot) {
      await known();
      await writeAndCheck(environment, { ...onTrial(slot, trialBoots), ...also.armed });
    },
    commit: slot => settle(slot, also.committed),
    leave: (_slot, back) => settle(back, also.left),
  };
}
