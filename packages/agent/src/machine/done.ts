/** Tidies up after an update. Nothing here can fail the machine; the outbox carries the report until it is acknowledged. */
import { asAgentError } from '../agent-error.ts';
import type { MachineDeps } from './deps.ts';
import { installerOf } from './installer-of.ts';
import type { Done, Idle } from './state.ts';

export function doneStep(deps: MachineDeps) {
  const attempt = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      deps.log.warn({ what, why: asAgentError(error).message }, 'tidying up failed');
    }
  };

  return async ({ update, outcome }: Done): Promise<Idle> => {
    await attempt('downloads', () => deps.downloader.keepOnly([]));
    await attempt('staged slot', async () => {
      const installer = installerOf(deps, update);
      const { running, records } = await installer.slots();
      const unused = running === 'a' ? 'b' : 'a';
      if (records[unused]?.target === update.target.path && !records[unused].good) await installer.markBad(unused);
    });
    await attempt('consent', async () => {
      if (deps.settings.get().applyNow === update.target.path) await deps.settings.change({ applyNow: undefined });
    });
    // What runs changed: the server hears of it soon. A failure keeps to the pace, or a hostile server could set it.
    if (outcome.state === 'verified') deps.schedule.now();
    return { name: 'idle', last: outcome };
  };
}
