/** The bytes of an update, brought to where its installer takes them: into a file, or straight into the slot. */
import { access } from 'node:fs/promises';
import type { MachineDeps } from './deps.ts';
import { installerOf } from './installer-of.ts';
import type { Update } from './state.ts';

/** @returns what is to be handed to the installer @throws AgentError what the downloader and the installer's intake throw */
export async function bringIn(
  deps: MachineDeps,
  update: Update,
  options: Pick<Parameters<MachineDeps['downloader']['download']>[1], 'signal' | 'onProgress'>,
): Promise<string> {
  const intake = await installerOf(deps, update).intake?.(update.target);
  return deps.downloader.download(update.target, { ...options, openSink: intake?.open });
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
