/** What an update failed of for good. */
import type { AgentError } from '../agent-error.ts';
import type { MachineDeps } from './deps.ts';
import type { Objection } from './objection.ts';
import type { Update } from './state.ts';

/** Bytes that were not the signed ones say nothing about the release: only its own faults are remembered against it. */
export async function giveUp(deps: MachineDeps, update: Update, fault: AgentError): Promise<Objection> {
  const { code, message } = fault;
  if (code === 'artifact-hash' || code === 'artifact-length')
    await deps.securityLog.record(code, message, new Date(deps.clock.now()).toISOString(), update.target.path);
  else await deps.attempts.fail(update, code);
  return { code, detail: message };
}
