/**
 * The new software runs and must prove itself: healthy, it is committed and the floor rises; else the device goes back
 * by itself. The cause is durable before the way back, so that a crash on it leads to the same end.
 */
import type { Code } from '@tidegate/protocol';
import { asAgentError } from '../agent-error.ts';
import type { MachineDeps } from './deps.ts';
import { installerOf } from './installer-of.ts';
import { restartToGoBack } from './restart.ts';
import { done, type Done, type Trial } from './state.ts';

export function trialStep(deps: MachineDeps) {
  return async (s: Trial, signal: AbortSignal): Promise<Done> => {
    const installer = installerOf(deps, s.update);
    const at = () => new Date(deps.clock.now()).toISOString();

    const goBack = async (code: Code, detail: string): Promise<Done> => {
      await deps.attempts.fail(s.update, code);
      if ((await installer.markBad(s.slot)) === 'reboot') await restartToGoBack(deps);
      return done(s, at(), { state: 'rolledBack', code, detail });
    };

    const view = await installer.slots();
    const record = view.records[s.slot];
    const cause = deps.attempts.find(s.update)?.cause;
    if (view.running !== s.slot) return goBack(cause ?? 'boot-failed', 'the old software runs again');
    // Given up before, and the restart that leads back has not come yet; or nobody here ever wrote it.
    if (!record) return goBack(cause ?? 'slot-mismatch', 'what runs has no record of this agent');

    // A crash came on the way back: what was given up is not tried again.
    if (cause !== undefined && !record.good) return goBack(cause, 'it was given up before');

    if (!record.good) {
      try {
        await installer.proveHealthy(signal);
        await installer.markGood(s.slot);
      } catch (error) {
        const fault = asAgentError(error);
        if (fault.class !== 'reject') throw fault;
        return goBack(fault.code, fault.message);
      }
    }
    const { version, counter, sha256 } = record;
    await deps.trust.raiseFloors({ [s.update.component]: counter });
    return done(s, at(), { state: 'verified' }, { version, counter, ...(sha256 ? { sha256 } : {}) });
  };
}
