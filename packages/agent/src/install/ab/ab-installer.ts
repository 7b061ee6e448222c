/**
 * The order that all installers for whole systems keep to, whatever writes the slot and whatever boot loader starts it: the
 * slot that does not run is written, checked, armed for trial, started, and committed or left. The slot that runs is
 * never written, and only what was recorded here is ever armed or committed (EN 303 645 5.3-9).
 */
import { join } from 'node:path';
import { AgentError } from '../../agent-error.ts';
import type { Clock } from '../../clock.ts';
import type { DurableFiles } from '../../durable/durable-files.ts';
import type { Log } from '../../log.ts';
import type { AcceptedTarget, ArtifactSink, InstalledRelease, Installer, OldImage, SlotName } from '../../ports.ts';
import { type CheckSettings, proveByCheck } from '../../service/check.ts';
import { type HealthSettings, proveHealthy } from '../../service/health.ts';
import { openSlotRecords, otherSlot, viewOf, withoutSlot } from '../slot-records.ts';
import type { BootControl, BootState } from './boot-control.ts';

/** What a slot takes in straight as it comes, without a file beside it. */
export interface SlotIntake {
  takes(target: AcceptedTarget): boolean;
  /** @throws AgentError where the slot cannot take it */
  open(slot: SlotName, target: AcceptedTarget): Promise<ArtifactSink>;
  /** Whether all of it has come. */
  isWhole(slot: SlotName, target: AcceptedTarget): Promise<boolean>;
  /** The next `open` begins anew. */
  forget(slot: SlotName): Promise<void>;
}

/** Brings an artifact into a slot, and tells later whether it is still there. */
export interface SlotWriter {
  readonly intake?: SlotIntake;
  /** Durable when it resolves. @throws AgentError */
  write(slot: SlotName, artifactFile: string, target: AcceptedTarget, signal: AbortSignal): Promise<void>;
  /** What was written into a slot, where that is what was handed in. */
  image?(slot: SlotName): Promise<OldImage | undefined>;
  /** @returns why the slot must not be started, or undefined */
  fault(slot: SlotName): Promise<string | undefined>;
}

export interface AbInstallerDeps {
  readonly component: string;
  /** As the kernel was told. */
  readonly running: SlotName;
  readonly boot: BootControl;
  readonly writer: SlotWriter;
  readonly factory: InstalledRelease;
  readonly health?: HealthSettings;
  readonly check?: CheckSettings;
  readonly trustDir: string;
  readonly files: DurableFiles;
  readonly clock: Clock;
  readonly log: Log;
}

export async function openAbInstaller(deps: AbInstallerDeps): Promise<Installer> {
  const { component, running, boot, writer, files, log } = deps;
  const records = await openSlotRecords(files, join(deps.trustDir, `slots-${component}.json`), component, deps.factory);
  if (records.fault !== undefined) log.error({ component, fault: records.fault }, 'slot records cannot be read');

  const isStaged = (slot: SlotName, target: AcceptedTarget) => {
    const known = records.get()[slot];
    return known?.sha256 === target.sha256 && known.target === target.path && !known.good;
  };
  /** What the slot held is no longer believed, and no longer started, from here on. */
  const disown = async (slot: SlotName) => {
    if (records.get()[slot]) await records.save(withoutSlot(records, slot));
    await boot.settle(running);
  };

  return {
    async slots() {
      const { armed: _never, ...view } = viewOf(records, running);
      const { armed } = await stateOf(deps);
      return armed ? { ...view, armed } : view;
    },

    runningImage: async () => writer.image?.(running),

    async intake(target) {
      const { intake } = writer;
      if (!intake?.takes(target)) return undefined;
      const slot = otherSlot(running);
      return {
        isWhole: await intake.isWhole(slot, target),
        async open() {
          if (!isStaged(slot, target)) await disown(slot);
          return intake.open(slot, target);
        },
      };
    },

    async install(artifact, target, signal) {
      const slot = otherSlot(running);
      if (isStaged(slot, target) && (await writer.fault(slot)) === undefined) return slot;
      await disown(slot);
      await writer.write(slot, artifact, target, signal);
      const difference = await writer.fault(slot);
      if (difference !== undefined) {
        await writer.intake?.forget(slot);
        throw new AgentError('slot-mismatch', `slot ${slot}: ${difference}`);
      }
      const { version, counter } = target.firmware;
      const record = { version, counter, sha256: target.sha256, target: target.path, good: false };
      await records.save({ ...records.get(), [slot]: record });
      return slot;
    },

    async activate(slot) {
      const record = records.get()[slot];
      if (!record || record.good) throw new AgentError('activate-failed', `slot ${slot} holds nothing to be tried`);
      if (running === slot) return 'live';
      const difference = await writer.fault(slot);
      if (difference !== undefined) throw new AgentError('slot-mismatch', `slot ${slot}: ${difference}`);
      await boot.arm(slot);
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
      await boot.commit(slot);
      await records.save({ ...records.get(), [slot]: { ...record, good: true } });
    },

    async markBad(slot) {
      const back = running === slot ? otherSlot(slot) : running;
      if (running === slot && !records.get()[back]?.good)
        throw new AgentError('activate-failed', `slot ${back} holds nothing good to go back to`);
      await records.save(withoutSlot(records, slot));
      await boot.leave(slot, back);
      return running === slot ? 'reboot' : 'live';
    },
  };
}

/** A boot loader that cannot be asked keeps nothing from running; it keeps what is new from being armed. */
async function stateOf({ boot, component, log }: AbInstallerDeps): Promise<BootState> {
  try {
    return await boot.state();
  } catch (error) {
    log.error({ component, why: (error as Error).message }, 'the boot loader cannot be asked');
    return {};
  }
}
