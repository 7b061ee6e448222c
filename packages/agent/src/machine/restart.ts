/**
 * The restart that leads back to the old slot. The journal stays where it is: whatever starts next finds the old slot
 * running and ends the update with the cause that was recorded before.
 */
import { AgentError } from '../agent-error.ts';
import type { MachineDeps } from './deps.ts';

/** @throws AgentError not-now, always: there is nothing to do here until the machine is down */
export async function restartToGoBack(deps: Pick<MachineDeps, 'reboot'>): Promise<never> {
  await deps.reboot();
  throw new AgentError('not-now', 'the machine restarts to go back');
}
