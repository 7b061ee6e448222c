/**
 * On every start, whatever the journal says: floors rise to what runs and is marked good, and a slot that runs on trial
 * without anybody who remembers the trial is given up.
 */
import type { MachineDeps } from './deps.ts';
import { restartToGoBack } from './restart.ts';
import type { State } from './state.ts';

export async function reconcile(deps: MachineDeps, journal: State): Promise<void> {
  const floors: Record<string, number> = {};
  for (const [component, installer] of deps.installers) {
    const view = await installer.slots();
    const record = view.records[view.running];
    if (record?.good) floors[component] = record.counter;
    const isOnTrial = (journal.name === 'rebooting' || journal.name === 'trial') && journal.slot === view.running;
    if (record && !record.good && !(isOnTrial && journal.update.component === component)) {
      deps.log.error({ component, slot: view.running }, 'an unproven slot runs and the journal knows nothing of it');
      const back = view.running === 'a' ? 'b' : 'a';
      if (!view.records[back]?.good) continue;
      if ((await installer.markBad(view.running)) === 'reboot') await restartToGoBack(deps);
      floors[component] = view.records[back].counter;
    }
  }
  await deps.trust.raiseFloors(floors);
}
