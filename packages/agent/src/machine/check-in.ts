/** One check-in: tells the server what runs here and what is under way, and keeps to the pace that it answers. */
import type { CheckInAnswer, RunningComponent } from '@tidegate/protocol';
import type { DeviceFacts, InstalledRelease } from '../ports.ts';
import type { MachineDeps } from './deps.ts';
import { reportedState, type State, updateOf } from './state.ts';

/** What runs in each component, from the slot records. */
export async function installedReleases(
  installers: MachineDeps['installers'],
): Promise<Record<string, InstalledRelease>> {
  const installed: Record<string, InstalledRelease> = {};
  for (const [component, installer] of installers) {
    const { running, records } = await installer.slots();
    const record = records[running];
    if (!record) continue;
    const { version, counter, sha256 } = record;
    installed[component] = { version, counter, ...(sha256 ? { sha256 } : {}) };
  }
  return installed;
}

export async function deviceFacts(deps: MachineDeps): Promise<DeviceFacts> {
  const { product, hardware, channel } = deps.device;
  return { product, hardware, channel, installed: await installedReleases(deps.installers) };
}

/**
 * @returns undefined where no server knows this device
 * @throws AgentError network and what else the server port throws
 */
export async function checkIn(
  deps: MachineDeps,
  state: State,
  signal: AbortSignal,
): Promise<CheckInAnswer | undefined> {
  if (!deps.server?.enrolled()) return undefined;
  const { hardware, channel, bootId, agentVersion, attributes } = deps.device;
  const installed = Object.entries(await installedReleases(deps.installers));
  const components: RunningComponent[] = installed.map(([component, release]) => ({ component, ...release }));
  const update = updateOf(state);
  const told = reportedState(state);
  const answer = await deps.server.checkIn(
    {
      agentVersion,
      hardware,
      channel,
      bootId,
      components,
      attributes: { ...attributes },
      ...(deps.settings.get().canary === true ? { canary: true } : {}),
      ...(update?.rolloutId !== undefined && told
        ? { update: { rolloutId: update.rolloutId, attempt: update.attempt, state: told } }
        : {}),
    },
    signal,
  );
  deps.schedule.after(answer.pollAfterSeconds);
  await deps.silence.ends();
  return answer;
}
