/** The installer of an update's component. */
import { AgentError } from '../agent-error.ts';
import type { Installer } from '../ports.ts';
import type { MachineDeps } from './deps.ts';
import type { Update } from './state.ts';

/** @throws AgentError internal where the config lost a component in the middle of its update */
export function installerOf(deps: MachineDeps, { component }: Update): Installer {
  const installer = deps.installers.get(component);
  if (!installer) throw new AgentError('internal', `component ${component} is not configured any more`);
  return installer;
}
