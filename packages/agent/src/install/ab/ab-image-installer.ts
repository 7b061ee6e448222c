/**
 * An installer for whole systems: a raw image goes straight into the partition that does not run, is read back from the
 * disk, and is started on trial by the boot loader, which counts its starts and returns to the old one by itself. The
 * slot that runs is told by the kernel's command line; nothing is ever written to it.
 */
import { join } from 'node:path';
import { Sha256 } from '@tidegate/protocol';
import type { Logger } from 'pino';
import { Type } from 'typebox';
import { AgentError } from '../../agent-error.ts';
import type { Clock } from '../../clock.ts';
import type { DurableFiles } from '../../durable/durable-files.ts';
import { createStateFile } from '../../durable/state-file.ts';
import type { AcceptedTarget, InstalledRelease, Installer, SlotName } from '../../ports.ts';
import { type CheckSettings, proveByCheck } from '../../service/check.ts';
import { type HealthSettings, proveHealthy } from '../../service/health.ts';
import { openSlotRecords, otherSlot, viewOf, withoutSlot } from '../slot-records.ts';
import { withVerifiedSource } from '../verified-source.ts';
import {
  type BootEnvironment,
  type BootState,
  bootState,
  onTrial,
  settledOn,
  writeAndCheck,
} from './boot-environment.ts';
import { withImage } from './image-stream.ts';
import { openSlot, readBack, writeImage } from './slot-device.ts';

export interface AbImageInstallerDeps {
  readonly component: string;
  readonly slots: Readonly<Record<SlotName, string>>;
  /** As the kernel was told. */
  readonly running: SlotName;
  readonly environment: BootEnvironment;
  /** Starts that a new image gets. */
  readonly trialBoots: number;
  readonly factory: InstalledRelease;
  readonly health?: HealthSettings;
  readonly check?: CheckSettings;
  readonly trustDir: string;
  readonly files: DurableFiles;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What was written into a slot, uncompressed. */
const ImageRecord = Type.Object({ bytes: Type.Integer({ minimum: 0 }), sha256: Sha256 });

export async function openAbImageInstaller(deps: AbImageInstallerDeps): Promise<Installer> {
  const { component, running, files, log } = deps;
  const records = await openSlotRecords(files, join(deps.trustDir, `slots-${component}.json`), component, deps.factory);
  if (records.fault !== undefined) log.error({ component, fault: records.fault }, 'slot records cannot be read');
  const imageOf = (slot: SlotName) =>
    createStateFile({
      files,
      path: join(deps.trustDir, `image-${component}-${slot}.json`),
      format: 1,
      schema: ImageRecord,
    });

  /** @returns why the slot must not be started, or undefined */
  const fault = async (slot: SlotName): Promise<string | undefined> => {
    const image = await imageOf(slot).load();
    if (image.kind !== 'value') return 'nothing says what it should hold';
    const found = await readBack(deps.slots[slot], image.value.bytes);
    return found.sha256 === image.value.sha256 ? undefined : 'it does not hold what was written';
  };

  const settle = async (slot: SlotName) => {
    const now = bootState(await deps.environment.read());
    if (now.next === undefined) throw new AgentError('activate-failed', 'the boot environment names no tidegate_slot');
    if (now.next !== slot || now.armed) await writeAndCheck(deps.environment, settledOn(slot));
  };

  const writeSlot = async (slot: SlotName, artifact: string, target: AcceptedTarget, signal: AbortSignal) => {
    const device = await openSlot(deps.slots[slot], deps.slots[running]);
    try {
      return await withVerifiedSource(artifact, target, bytes =>
        withImage(bytes, target.firmware.format, image => writeImage(device, image, signal)),
      );
    } finally {
      await device.handle.close();
    }
  };

  return {
    async slots() {
      const { armed: _never, ...view } = viewOf(records, running);
      const { armed } = await stateOf(deps);
      return armed ? { ...view, armed } : view;
    },

    async install(artifact, target, signal) {
      const slot = otherSlot(running);
      const known = records.get()[slot];
      const isStaged = known?.sha256 === target.sha256 && known.target === target.path && !known.good;
      if (isStaged && (await fault(slot)) === undefined) return slot;
      // What the slot held is no longer believed, and no longer started, from here on.
      await records.save(withoutSlot(records, slot));
      await settle(running);
      const written = await writeSlot(slot, artifact, target, signal);
      await imageOf(slot).save(written);
      const difference = await fault(slot);
      if (difference !== undefined) throw new AgentError('slot-mismatch', `slot ${slot}: ${difference}`);
      const { version, counter } = target.firmware;
      const record = { version, counter, sha256: target.sha256, target: target.path, good: false };
      await records.save({ ...records.get(), [slot]: record });
      return slot;
    },

    async activate(slot) {
      const record = records.get()[slot];
      if (!record || record.good) throw new AgentError('activate-failed', `slot ${slot} holds nothing to be tried`);
      if (running === slot) return 'live';
      const difference = await fault(slot);
      if (difference !== undefined) throw new AgentError('slot-mismatch', `slot ${slot}: ${difference}`);
      if (bootState(await deps.environment.read()).next === undefined)
        throw new AgentError('activate-failed', 'the boot environment names no tidegate_slot');
      await writeAndCheck(deps.environment, onTrial(slot, deps.trialBoots));
      return 'reboot';
    },

    async proveHealthy(signal) {
      if (deps.health) await proveHealthy(deps.health, () => 0, deps.clock, signal);
      if (deps.check) await proveByCheck(deps.check, '/', signal);
    },

    async markGood(slot) {
      const record = records.get()[slot];
      if (!record || running !== slot) throw new AgentError('slot-mismatch', `slot ${slot} does not run`);
      // The boot loader first: a record that says good while it still counts would be a return unseen.
      await settle(slot);
      await records.save({ ...records.get(), [slot]: { ...record, good: true } });
    },

    async markBad(slot) {
      const back = running === slot ? otherSlot(slot) : running;
      if (running === slot && !records.get()[back]?.good)
        throw new AgentError('activate-failed', `slot ${back} holds nothing good to go back to`);
      await records.save(withoutSlot(records, slot));
      await settle(back);
      return running === slot ? 'reboot' : 'live';
    },
  };
}

/** A boot environment that cannot be read keeps nothing from running; it keeps what is new from being armed. */
async function stateOf({ environment, component, log }: AbImageInstallerDeps): Promise<BootState> {
  try {
    return bootState(await environment.read());
  } catch (error) {
    log.error({ component, why: (error as Error).message }, 'the boot environment cannot be read');
    return {};
  }
}
