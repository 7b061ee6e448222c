/**
 * An installer for applications and single files: a folder with `a/`, `b/` and a link `current` that a rename switches,
 * and, where there is one, a service that runs from it. It activates and commits only what it wrote and recorded itself
 * (EN 303 645 5.3-9).
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseTargetPath } from '@tidegate/protocol';
import { AgentError } from '../agent-error.ts';
import type { Clock } from '../clock.ts';
import { type DurableFiles, syncFolder } from '../durable/durable-files.ts';
import { createStateFile } from '../durable/state-file.ts';
import type { Log } from '../log.ts';
import type { AcceptedTarget, InstalledRelease, Installer, SlotName, SlotRecord } from '../ports.ts';
import { type CheckSettings, proveByCheck } from '../service/check.ts';
import { type HealthSettings, proveHealthy } from '../service/health.ts';
import type { Service } from '../service/service.ts';
import { firstDifference, Manifest, type ManifestEntry } from './manifest.ts';
import { openSlotRecords, otherSlot, viewOf, withoutSlot } from './slot-records.ts';
import { unpackTar, writeFileFrom } from './unpack.ts';
import { withVerifiedSource } from './verified-source.ts';

/** Starts that a slot on trial gets: the first, and one after each power cut or crash in the middle of it. */
const TRIAL_STARTS = 3;

export interface DirectoryInstallerDeps {
  readonly component: string;
  readonly folder: string;
  readonly factory: InstalledRelease;
  /** Where slot records and manifests are kept. */
  readonly trustDir: string;
  readonly files: DurableFiles;
  readonly clock: Clock;
  readonly log: Log;
  /** Absent for a component that nothing runs. */
  readonly service?: { readonly control: Service; readonly health?: HealthSettings };
  /** Judges the software beside, or instead of, the service's health. */
  readonly check?: CheckSettings;
}

export interface ServiceInstaller extends Installer {
  /** Sees to it that the service runs, where the running slot has proved itself. For every start of the agent. */
  resume(): Promise<void>;
  /** Ends the watch over the service; it goes on running unless it is to be stopped. */
  close(options: { readonly stopService: boolean }): Promise<void>;
}

export async function openDirectoryInstaller(deps: DirectoryInstallerDeps): Promise<ServiceInstaller> {
  const { component, folder, files, log } = deps;
  const link = join(folder, 'current');
  const records = await openSlotRecords(files, join(deps.trustDir, `slots-${component}.json`), component, deps.factory);
  if (records.fault !== undefined) log.error({ component, fault: records.fault }, 'slot records cannot be read');
  if ((await files.readLink(link)) === undefined) await files.pointLink(link, 'a');

  const running = async (): Promise<SlotName> => ((await files.readLink(link)) === 'b' ? 'b' : 'a');
  const manifestOf = (slot: SlotName) =>
    createStateFile({
      files,
      path: join(deps.trustDir, `manifest-${component}-${slot}.json`),
      format: 1,
      schema: Manifest,
    });

  /** @returns why the slot must not be used, or undefined */
  const fault = async (slot: SlotName): Promise<string | undefined> => {
    const manifest = await manifestOf(slot).load();
    if (manifest.kind !== 'value') return 'it has no manifest';
    return firstDifference(join(folder, slot), manifest.value.entries);
  };

  const write = async (artifact: string, target: AcceptedTarget, slot: SlotName, signal: AbortSignal) => {
    const into = join(folder, slot);
    await files.remove(into);
    await mkdir(into, { mode: 0o755 });
    const entries = await withVerifiedSource(artifact, target, async (bytes): Promise<ManifestEntry[]> => {
      if (target.firmware.format === 'tar') return unpackTar(bytes, into, signal);
      if (target.firmware.format === 'file') {
        const made = await writeFileFrom(bytes, { path: fileName(target), folder: into, executable: true });
        await syncFolder(into);
        return [made];
      }
      throw new AgentError('installer-failed', `format ${target.firmware.format} is not known to this installer`);
    });
    await syncFolder(folder);
    await manifestOf(slot).save({ entries });
  };

  const switchTo = async (slot: SlotName) => {
    await deps.service?.control.stop();
    await files.pointLink(link, slot);
    await startService(slot);
  };

  const startService = async (slot: SlotName) => {
    const record = records.get()[slot];
    if (!deps.service || !record) return;
    const { version, sha256 } = record;
    await deps.service.control.start({ slot, folder: join(folder, slot), version, ...(sha256 ? { sha256 } : {}) });
  };

  return {
    async slots() {
      return viewOf(records, await running());
    },

    /** A single file is what was handed in; of an archive nothing is kept. */
    async runningImage() {
      const slot = await running();
      const record = records.get()[slot];
      const manifest = await manifestOf(slot).load();
      const entries = manifest.kind === 'value' ? manifest.value.entries : [];
      const file = entries.find(entry => entry.type === 'file');
      if (!file || entries.length !== 1 || record?.sha256 !== file.sha256) return undefined;
      return { path: join(folder, slot, file.path), lengthBytes: file.bytes, sha256: file.sha256 };
    },

    async install(artifact, target, signal) {
      const slot = otherSlot(await running());
      const known = records.get()[slot];
      const isStaged = known?.sha256 === target.sha256 && known.target === target.path && !known.good;
      if (isStaged && (await fault(slot)) === undefined) return slot;
      // What the slot held is no longer believed from here on.
      await records.save(withoutSlot(records, slot));
      try {
        await write(artifact, target, slot, signal);
      } catch (error) {
        await files.remove(join(folder, slot));
        throw error;
      }
      const difference = await fault(slot);
      if (difference !== undefined) throw new AgentError('slot-mismatch', `slot ${slot}: ${difference}`);
      const { version, counter } = target.firmware;
      const record: SlotRecord = { version, counter, sha256: target.sha256, target: target.path, good: false };
      await records.save({ ...records.get(), [slot]: record });
      return slot;
    },

    async activate(slot) {
      const record = records.get()[slot];
      if (!record || record.good) throw new AgentError('activate-failed', `slot ${slot} holds nothing to be tried`);
      if ((await running()) === slot) return 'live';
      const difference = await fault(slot);
      if (difference !== undefined) throw new AgentError('slot-mismatch', `slot ${slot}: ${difference}`);
      await records.save({ ...records.get(), armed: { slot, triesLeft: TRIAL_STARTS } });
      await switchTo(slot);
      return 'live';
    },

    async proveHealthy(signal) {
      const slot = await running();
      const { armed } = records.get();
      if (armed?.slot === slot) {
        if (armed.triesLeft === 0) throw new AgentError('boot-failed', `slot ${slot} used up its starts`);
        // Counted before the start: what takes the machine down with it is counted too.
        await records.save({ ...records.get(), armed: { slot, triesLeft: armed.triesLeft - 1 } });
      }
      await startService(slot);
      const { service, check } = deps;
      if (service?.health) await proveHealthy(service.health, service.control.deaths, deps.clock, signal);
      // A service may write beside itself. Where none runs, what lies there must still be what was sent.
      const difference = service ? undefined : await fault(slot);
      if (difference !== undefined) throw new AgentError('health-failed', `slot ${slot}: ${difference}`);
      if (check) await proveByCheck(check, join(folder, slot), signal);
    },

    async markGood(slot) {
      const record = records.get()[slot];
      if (!record || (await running()) !== slot) throw new AgentError('slot-mismatch', `slot ${slot} does not run`);
      const { armed: _armed, ...rest } = records.get();
      await records.save({ ...rest, [slot]: { ...record, good: true } });
    },

    async markBad(slot) {
      if ((await running()) === slot) {
        if (!records.get()[otherSlot(slot)]?.good)
          throw new AgentError('activate-failed', `slot ${otherSlot(slot)} holds nothing good to go back to`);
        await switchTo(otherSlot(slot));
      }
      await records.save(withoutSlot(records, slot));
      return 'live';
    },

    async resume() {
      const slot = await running();
      if (records.get()[slot]?.good) await startService(slot);
    },

    async close({ stopService }) {
      if (stopService) await deps.service?.control.stop();
      else await deps.service?.control.leave();
    },
  };
}

/** A single file keeps the name that was signed: the last part of its target's path. */
function fileName({ path }: AcceptedTarget): string {
  const parts = parseTargetPath(path);
  if (!parts) throw new AgentError('internal', 'the path of an accepted target does not read');
  return parts.file;
}
