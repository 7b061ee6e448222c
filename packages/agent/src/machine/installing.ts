/**
 * Writes the artifact into the slot that does not run. Owner, lists and server are asked before it and once more before
 * the switch is decided: with `Rebooting` written there is no way back but the trial.
 */
import { AgentError, asAgentError } from '../agent-error.ts';
import type { Installer, SlotName } from '../ports.ts';
import { bringIn, isBroughtIn } from './bring-in.ts';
import type { MachineDeps } from './deps.ts';
import { giveUp } from './give-up.ts';
import { installerOf } from './installer-of.ts';
import { type Objection, objectionNow, objectionWhileWaiting } from './objection.ts';
import { demandPermission, verdictOn } from './permission.ts';
import { done, type Done, type Installing, keepLast, type Rebooting, type Update } from './state.ts';

/** Starts of one installation within one attempt: a crash in the middle of it must not go round for ever. */
const INSTALLS_MAX = 5;

export function installingStep(deps: MachineDeps) {
  const failed = (s: Installing, { code, detail }: Objection): Done =>
    done(s, new Date(deps.clock.now()).toISOString(), { state: 'failed', code, detail });

  return async (s: Installing, signal: AbortSignal): Promise<Rebooting | Done> => {
    const { update } = s;
    const installer = installerOf(deps, update);
    const isAllowed = verdictOn(deps, update, 'install').kind === 'yes';
    const before = await (isAllowed ? objectionNow : objectionWhileWaiting)(deps, s, signal);
    if (before) return failed(s, before);
    demandPermission(deps, update, 'install');

    const placed = await place(deps, s, installer, signal);
    if (typeof placed !== 'string') return failed(s, placed);

    demandPermission(deps, update, 'install');
    const after = await objectionNow(deps, s, signal);
    if (after) return failed(s, after);
    // Asked last: nothing may come between the owner's word and the switch.
    demandPermission(deps, update, 'install');
    return {
      name: 'rebooting',
      ...keepLast(s),
      update,
      slot: placed,
      bootId: deps.device.bootId,
      activations: 1,
    };
  };
}

/** @returns the slot, or why it failed for good */
async function place(
  deps: MachineDeps,
  { update, artifactFile }: Installing,
  installer: Installer,
  signal: AbortSignal,
): Promise<SlotName | Objection> {
  if (!(await isStaged(installer, update))) {
    if ((await deps.attempts.beginInstall(update)) > INSTALLS_MAX)
      return giveUp(deps, update, new AgentError('installer-failed', `not done after ${INSTALLS_MAX} starts`));
    await deps.courier.tell(update, 'installing');
  }
  try {
    // Fetched again where somebody cleared the network's folder, or the slot did not hold what it was given.
    const isHere = await isBroughtIn(deps, update, artifactFile);
    const file = isHere ? artifactFile : await bringIn(deps, update, { signal });
    return await installer.install(file, update.target, signal);
  } catch (error) {
    const fault = asAgentError(error);
    if (fault.class !== 'reject') throw fault;
    return giveUp(deps, update, fault);
  }
}

async function isStaged(installer: Installer, { target }: Update): Promise<boolean> {
  const { running, records } = await installer.slots();
  const record = records[running === 'a' ? 'b' : 'a'];
  return record?.sha256 === target.sha256 && record.target === target.path && !record.good;
}
