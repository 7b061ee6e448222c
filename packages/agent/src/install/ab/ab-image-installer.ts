/**
 * An installer for whole systems: a raw image goes straight into the partition that does not run, is read back from the
 * disk, and is started on trial by the boot loader, which counts its starts and returns to the old one by itself. The
 * slot that runs is told by the kernel's command line.
 */
import type { Installer, SlotName } from '../../ports.ts';
import { type AbInstallerDeps, openAbInstaller } from './ab-installer.ts';
import type { BootEnvironment } from './boot-environment.ts';
import { environmentControl } from './environment-control.ts';
import { imageWriter } from './image-writer.ts';

export interface AbImageInstallerDeps extends Omit<AbInstallerDeps, 'boot' | 'writer'> {
  readonly slots: Readonly<Record<SlotName, string>>;
  readonly environment: BootEnvironment;
  /** Starts that a new image gets. */
  readonly trialBoots: number;
}

export function openAbImageInstaller(deps: AbImageInstallerDeps): Promise<Installer> {
  const { environment, trialBoots } = deps;
  return openAbInstaller({ ...deps, boot: environmentControl(environment, trialBoots), writer: imageWriter(deps) });
}
