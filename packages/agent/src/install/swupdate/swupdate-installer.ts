/**
 * An installer for systems that SWUpdate installs: SWUpdate writes the slot that does not run, the agent decides what is
 * installed, when it starts and whether it stays, by the variables of the boot loader's environment.
 */
import type { Installer } from '../../ports.ts';
import { type AbInstallerDeps, openAbInstaller } from '../ab/ab-installer.ts';
import type { BootEnvironment } from '../ab/boot-environment.ts';
import { environmentControl } from '../ab/environment-control.ts';
import { type SwupdateSettings, swupdateWriter } from './swupdate-writer.ts';

export interface SwupdateInstallerDeps extends Omit<AbInstallerDeps, 'boot' | 'writer'>, SwupdateSettings {
  readonly environment: BootEnvironment;
  /** Starts that a new system gets. */
  readonly trialBoots: number;
}

/** SWUpdate's own record of an update, as its `-c 2` and `-c 3` would leave it: installed, confirmed, failed. */
const USTATE = { armed: { ustate: '1' }, committed: { ustate: '0' }, left: { ustate: '3' } } as const;

export function openSwupdateInstaller(deps: SwupdateInstallerDeps): Promise<Installer> {
  const boot = environmentControl(deps.environment, deps.trialBoots, USTATE);
  return openAbInstaller({ ...deps, boot, writer: swupdateWriter(deps) });
}
