/**
 * An installer for systems that RAUC installs: RAUC writes the slots and steers the boot loader, the agent decides what is
 * installed, when it starts, and whether it stays.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asAgentError } from '../../agent-error.ts';
import { ConfigError } from '../../config-error.ts';
import type { Installer, SlotName } from '../../ports.ts';
import { type AbInstallerDeps, openAbInstaller } from '../ab/ab-installer.ts';
import { raucControl } from './rauc-control.ts';
import type { RaucStatus } from './rauc-status.ts';
import { type Rauc, type RaucSettings, raucTool } from './rauc-tool.ts';
import { raucWriter } from './rauc-writer.ts';

export interface RaucInstallerDeps extends Omit<AbInstallerDeps, 'boot' | 'writer' | 'running'>, RaucSettings {
  /** By RAUC's names. */
  readonly slots: Readonly<Record<SlotName, string>>;
  readonly plainBytesMax?: number;
}

const LOOK_MS = 1000;

/** @throws ConfigError where RAUC is set up so that the agent could not keep its order */
export async function openRaucInstaller(deps: RaucInstallerDeps): Promise<Installer> {
  const { component, slots, systemConfig, trustDir } = deps;
  // RAUC would switch in the middle of the installation, before the owner is asked.
  if (!/^\s*activate-installed\s*=\s*false\s*$/m.test(await readFile(systemConfig, 'utf8')))
    throw new ConfigError(`${systemConfig} must say activate-installed=false: the agent makes a slot active`);
  const rauc = raucTool(deps);
  const { slots: found } = await onceIdle(rauc, deps);
  const running = (['a', 'b'] as const).find(slot => found.get(slots[slot])?.state === 'booted');
  if (running === undefined)
    throw new ConfigError(`RAUC says of neither ${slots.a} nor ${slots.b} that it is the slot that runs`);
  const noteOf = (what: string) => join(trustDir, `rauc-${component}-${what}.json`);
  return openAbInstaller({
    ...deps,
    running,
    boot: raucControl({ ...deps, rauc, notePath: noteOf('armed') }),
    writer: raucWriter({ ...deps, rauc, running, notePath: noteOf }),
  });
}

/** An installation outlives the agent that began it, and RAUC says nothing until it is done. */
async function onceIdle(rauc: Rauc, { clock, timeoutSeconds }: RaucInstallerDeps): Promise<RaucStatus> {
  const deadline = clock.monotonicMs() + timeoutSeconds * 1000;
  for (;;) {
    try {
      return await rauc.status();
    } catch (error) {
      if (asAgentError(error).code !== 'not-now' || clock.monotonicMs() > deadline) throw error;
    }
    await clock.sleep(LOOK_MS);
  }
}
