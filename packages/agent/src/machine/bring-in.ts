/** The bytes of an update, brought to where its installer takes them: into a file, or straight into the slot. */
import { access } from 'node:fs/promises';
import type { OldImage, Shortcuts } from '../ports.ts';
import type { MachineDeps } from './deps.ts';
import { installerOf } from './installer-of.ts';
import type { Update } from './state.ts';

/** @returns what is to be handed to the installer @throws AgentError what the downloader and the installer's intake throw */
export async function bringIn(
  deps: MachineDeps,
  update: Update,
  options: Pick<Parameters<MachineDeps['downloader']['download']>[1], 'signal' | 'onProgress'>,
): Promise<string> {
  const installer = installerOf(deps, update);
  const intake = await installer.intake?.(update.target);
  const shortcuts = await shortcutsTo(deps, update, await installer.runningImage?.());
  return deps.downloader.download(update.target, { ...options, openSink: intake?.open, shortcuts });
}

async function shortcutsTo(
  deps: MachineDeps,
  update: Update,
  oldImage: OldImage | undefined,
): Promise<Shortcuts | undefined> {
  const deltas = oldImage ? await deps.trust.deltasTo(update.target) : [];
  if (!oldImage || deltas.length === 0) return undefined;
  return {
    deltas,
    oldImage,
    async onGivenUp({ path }, fault) {
      deps.log.warn({ delta: path, why: fault.message }, 'a shorter way was given up');
      // The image itself may still come: nothing has failed yet, but its maker should know.
      await deps.courier.obstacle({ name: 'downloading', update }, fault);
      if (fault.code !== 'artifact-hash' && fault.code !== 'artifact-length') return;
      await deps.securityLog.record(fault.code, fault.message, new Date(deps.clock.now()).toISOString(), path);
    },
  };
}

/** Whether all of it is where it was brought to. */
export async function isBroughtIn(deps: MachineDeps, update: Update, file: string): Promise<boolean> {
  const intake = await installerOf(deps, update).intake?.(update.target);
  if (intake) return intake.isWhole;
  return access(file).then(
    () => true,
    () => false,
  );
}
