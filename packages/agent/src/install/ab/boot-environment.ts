/**
 * What the agent and the boot loader tell each other by variables: `tidegate_slot` is the slot to start,
 * `upgrade_available` 1 while it is on trial, `bootcount` the starts since then, counted by the boot loader, and
 * `bootlimit` how many the slot gets. Beyond them the boot loader starts the other slot and goes on to count: where that
 * one does not come as far as the agent either, it starts what can repair the device from `recoverylimit` on, and says so
 * by `tidegate_recovery`. Pure.
 */
import { AgentError } from '../../agent-error.ts';
import type { SlotName } from '../../ports.ts';
import type { BootState } from './boot-control.ts';

export type BootVariables = Readonly<Record<string, string>>;

export interface BootEnvironment {
  /** @throws AgentError activate-failed where it cannot be read */
  read(): Promise<BootVariables>;
  /** All of them or none, also where the power goes. @throws AgentError activate-failed, and it is as it was */
  write(variables: BootVariables): Promise<void>;
}

export function bootState(variables: BootVariables): BootState {
  const slot = variables['tidegate_slot'];
  if (slot !== 'a' && slot !== 'b') return {};
  if (variables['upgrade_available'] !== '1') return { next: slot };
  const triesLeft = Math.max(0, whole(variables['bootlimit']) - whole(variables['bootcount']));
  const recovered = variables['tidegate_recovery'] === '1' ? { recovered: true } : {};
  return { next: slot, armed: { slot, triesLeft, ...recovered } };
}

export function onTrial(slot: SlotName, boots: number): BootVariables {
  return {
    tidegate_slot: slot,
    upgrade_available: '1',
    bootcount: '0',
    bootlimit: String(boots),
    // The other one gets as many.
    recoverylimit: String(2 * boots),
    tidegate_recovery: '0',
  };
}

export function settledOn(slot: SlotName): BootVariables {
  return { tidegate_slot: slot, upgrade_available: '0', bootcount: '0', tidegate_recovery: '0' };
}

/** Reads back what was written: a boot loader that saw something else would start something else. */
export async function writeAndCheck(environment: BootEnvironment, variables: BootVariables): Promise<void> {
  await environment.write(variables);
  const found = await environment.read();
  for (const [name, value] of Object.entries(variables))
    if (found[name] !== value)
      throw new AgentError('activate-failed', `the boot environment holds ${name}=${found[name] ?? ''} after ${value}`);
}

/** Unreadable counts as nothing: such a trial has no start left. */
function whole(text: string | undefined): number {
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : 0;
}
