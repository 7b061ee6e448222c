/**
 * Switches to the new slot, or finds out after a restart what became of the switch. The slots tell what runs; the
 * journal only tells what was meant.
 */
import { asAgentError } from '../agent-error.ts';
import type { SlotsView } from '../ports.ts';
import type { MachineDeps } from './deps.ts';
import { installerOf } from './installer-of.ts';
import { objectionMeanwhile } from './objection.ts';
import { done, type Done, keepLast, type Rebooting, type Trial } from './state.ts';

const ACTIVATIONS_MAX = 3;

export type Finding = 'runs' | 'activate' | 'rolled-back' | 'give-up';

/** Pure. The trial was used up only where the machine restarted, the slot was armed and no start is left. */
export function findOut(s: Rebooting, view: SlotsView, bootId: string): Finding {
  if (view.running === s.slot) return 'runs';
  const isUsedUp = view.armed?.slot === s.slot && view.armed.triesLeft === 0;
  if (bootId !== s.bootId && isUsedUp) return 'rolled-back';
  return s.activations > ACTIVATIONS_MAX ? 'give-up' : 'activate';
}

export function rebootingStep(deps: MachineDeps) {
  return async (s: Rebooting, signal: AbortSignal): Promise<Rebooting | Trial | Done> => {
    const installer = installerOf(deps, s.update);
    const at = new Date(deps.clock.now()).toISOString();
    const trial: Trial = { name: 'trial', ...keepLast(s), update: s.update, slot: s.slot };
    switch (findOut(s, await installer.slots(), deps.device.bootId)) {
      case 'runs':
        return trial;
      case 'rolled-back':
        await deps.attempts.fail(s.update, 'boot-failed');
        await installer.markBad(s.slot);
        return done(s, at, { state: 'rolledBack', code: 'boot-failed', detail: 'the boot loader went back' });
      case 'give-up':
        await deps.attempts.fail(s.update, 'activate-failed');
        return done(s, at, {
          state: 'failed',
          code: 'activate-failed',
          detail: `not done in ${ACTIVATIONS_MAX} tries`,
        });
      case 'activate':
        break;
    }
    const objection = await objectionMeanwhile(deps, s, signal);
    if (objection) return done(s, at, { state: 'failed', ...objection });
    try {
      if ((await installer.activate(s.slot)) === 'live') return trial;
      await deps.reboot();
    } catch (error) {
      const fault = asAgentError(error);
      if (fault.code !== 'activate-failed' && fault.code !== 'slot-mismatch') throw fault;
      deps.log.warn({ code: fault.code, why: fault.message }, 'the switch failed');
    }
    return { ...s, bootId: deps.device.bootId, activations: s.activations + 1 };
  };
}
