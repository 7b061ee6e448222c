/**
 * Switches to the new slot, or finds out after a restart what became of the switch. The slots tell what runs; the
 * journal only tells what was meant.
 */
import type { Code } from '@tidegate/protocol';
import { AgentError, asAgentError } from '../agent-error.ts';
import type { SlotsView } from '../ports.ts';
import type { MachineDeps } from './deps.ts';
import { installerOf } from './installer-of.ts';
import { objectionMeanwhile } from './objection.ts';
import { restartToGoBack } from './restart.ts';
import { done, type Done, keepLast, type Rebooting, type Trial } from './state.ts';

const ACTIVATIONS_MAX = 3;
const BOTH_FAILED = 'neither the new nor the old system started by itself: the boot loader chose the recovery system';

export type Finding = 'runs' | 'activate' | 'restart' | 'rolled-back' | 'give-up';

/**
 * Pure. The trial was used up only where the machine restarted, the slot was armed and no start is left. A switch that
 * needs a restart is decided once per boot: what is under way is not decided again.
 */
export function findOut(s: Rebooting, view: SlotsView, bootId: string): Finding {
  if (view.running === s.slot) return 'runs';
  if (bootId === s.bootId && s.restarts) return 'restart';
  const isUsedUp = view.armed?.slot === s.slot && view.armed.triesLeft === 0;
  if (bootId !== s.bootId && isUsedUp) return 'rolled-back';
  return s.activations > ACTIVATIONS_MAX ? 'give-up' : 'activate';
}

export function rebootingStep(deps: MachineDeps) {
  return async (s: Rebooting, signal: AbortSignal): Promise<Rebooting | Trial | Done> => {
    const installer = installerOf(deps, s.update);
    const at = new Date(deps.clock.now()).toISOString();
    // The cause first: a crash on the way back must lead to the same end.
    const giveUp = async (state: 'failed' | 'rolledBack', code: Code, detail: string): Promise<Done> => {
      await deps.attempts.fail(s.update, code);
      if ((await installer.markBad(s.slot)) === 'reboot') await restartToGoBack(deps);
      return done(s, at, { state, code, detail });
    };
    const trial: Trial = { name: 'trial', ...keepLast(s), update: s.update, slot: s.slot };
    const view = await installer.slots();
    switch (findOut(s, view, deps.device.bootId)) {
      case 'runs':
        return trial;
      case 'rolled-back':
        return giveUp('rolledBack', 'boot-failed', view.armed?.recovered ? BOTH_FAILED : 'the boot loader went back');
      case 'give-up':
        return giveUp('failed', 'activate-failed', `not done in ${ACTIVATIONS_MAX} tries`);
      case 'restart':
        await deps.reboot();
        throw new AgentError('not-now', 'the machine restarts into the new software');
      case 'activate':
        break;
    }
    const objection = await objectionMeanwhile(deps, s, signal);
    if (objection) {
      // Armed by an earlier decision, it would start at the next restart after all.
      if (view.armed?.slot === s.slot) await installer.markBad(s.slot);
      return done(s, at, { state: 'failed', ...objection });
    }
    try {
      if ((await installer.activate(s.slot)) === 'live') return trial;
      // Counted before the restart, so that no loop of restarts lasts.
      return { ...s, bootId: deps.device.bootId, activations: s.activations + 1, restarts: true };
    } catch (error) {
      const fault = asAgentError(error);
      if (fault.class === 'reject') return giveUp('rolledBack', fault.code, fault.message);
      if (fault.code !== 'activate-failed' && fault.code !== 'slot-mismatch') throw fault;
      deps.log.warn({ code: fault.code, why: fault.message }, 'the switch failed');
    }
    return { ...s, bootId: deps.device.bootId, activations: s.activations + 1, restarts: false };
  };
}
