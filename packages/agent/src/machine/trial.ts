/**
 * The new software runs and must prove itself: healthy, it is committed and the floor rises; else the device goes back
 * by itself. The cause is durable before the way back, so that a crash on it leads to the same end.
 */
import type { Code } from '@tidegate/protocol';
import { asAgentError } from '../agent-error.ts';
import type { MachineDeps } from './deps.ts';
import { installerOf } from './installer-of.ts';
import { done, type Done, type Trial } from './state.ts';

export function trialStep(deps: MachineDeps) {
  return async (s: Trial, signal: AbortSignal): Promise<Done> => {
    const installer = installerOf(deps, s.update);
    const at = () => new Date(deps.clock.now()).toISOString();

    const goBack = async (code: Code, detail: string): Promise<Done> => {
      await deps.attempts.fail(s.update, code);
      await installer.markBad(s.slot);
      return done(s, at(), { state: 'rolledBack', code, detail });
    };

    const view = await installer.slots();
    const record = view.records[s.slot];
    if (view.running !== s.slot)
      return goBack(deps.attempts.find(s.update)?.cause ?? 'boot-failed', 'the old software runs again');
    if (!record) return goBack('slot-mismatch', 'what runs was not written by this agent');

    if (!record.good) {
      try {
        await installer.proveHealthy(signal);
      } catch (error) {
        const fault = asAgentError(error);
        if (fault.class !== 'reject') throw fault;
        return goBack(fault.code, fault.message);
      }
      await installer.markGood(s.slot);
    }
    const { version, counter, sha256 } = record;
    await deps.trust.raiseFloors({ [s.update.component]: counter });
    return done(s, at(), { state: 'verified' }, { version, counter, ...(sha256 ? { sha256 } : {}) });
  };
}
