/**
 * An installer that an integrator writes: an executable that is called once for each state. It is handed what was signed
 * and nothing else; what it did is recorded before and after each call, so that after a crash it is asked again or led
 * back. It is trusted as the image is that brings it: what it says is logged, never obeyed.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseTargetPath } from '@tidegate/protocol';
import { AgentError } from '../../agent-error.ts';
import { type DurableFiles, syncFolder } from '../../durable/durable-files.ts';
import { createStateFile } from '../../durable/state-file.ts';
import type { Log } from '../../log.ts';
import type { AcceptedTarget, InstalledRelease, Installer, SlotName } from '../../ports.ts';
import { type CheckSettings, proveByCheck } from '../../service/check.ts';
import { firstDifference, Manifest, type ManifestEntry } from '../manifest.ts';
import { openSlotRecords, otherSlot, type SlotRecords, viewOf, withoutSlot } from '../slot-records.ts';
import { unpackTar, writeFileFrom } from '../unpack.ts';
import { withVerifiedSource } from '../verified-source.ts';
import { type DialectName, DIALECTS } from './dialects.ts';
import { createModuleCall } from './module-call.ts';
import { makeStreamTree, offerStreams, removeStreamTree } from './pipes.ts';
import { Progress, runningNow, type Trial } from './progress.ts';
import { buildTree, giveTo } from './work-tree.ts';

export interface ScriptInstallerDeps {
  readonly component: string;
  readonly executable: string;
  readonly dialect: DialectName;
  /** Where the module works; the agent's own. */
  readonly folder: string;
  readonly timeoutSeconds: (state: string) => number;
  readonly runAs?: { readonly uid: number; readonly gid: number };
  /** A module that cannot go back is refused unless this is set. */
  readonly allowsNoWayBack: boolean;
  readonly factory: InstalledRelease;
  readonly check?: CheckSettings;
  readonly hardware: string;
  readonly bootId: string;
  readonly trustDir: string;
  readonly files: DurableFiles;
  readonly log: Log;
}

export async function openScriptInstaller(deps: ScriptInstallerDeps): Promise<Installer> {
  const { component, folder, files, log, bootId } = deps;
  const records = await openSlotRecords(files, join(deps.trustDir, `slots-${component}.json`), component, deps.factory);
  if (records.fault !== undefined) log.error({ component, fault: records.fault }, 'slot records cannot be read');
  const progress = await openProgress(deps, newestGood(records.get()));
  const tree = join(folder, 'tree');
  const payload = join(folder, 'payload');
  const manifest = createStateFile({
    files,
    path: join(deps.trustDir, `manifest-${component}.json`),
    format: 1,
    schema: Manifest,
  });
  const dialect = DIALECTS[deps.dialect];
  const runAs = deps.runAs ? { runAs: deps.runAs } : {};
  const { executable, timeoutSeconds } = deps;
  const call = createModuleCall({ executable, tree, timeoutSeconds, log, ...runAs });
  const running = () => runningNow(progress.get(), bootId);

  /** The payload from the very bytes that are verified, then the module's `Download`. */
  const stage = async (artifact: string, target: AcceptedTarget, signal: AbortSignal): Promise<boolean> => {
    await files.remove(tree);
    await files.remove(payload);
    await mkdir(payload, { mode: 0o700 });
    const entries = await withVerifiedSource(artifact, target, bytes => unpack(bytes, target, payload, signal));
    await mkdir(tree, { mode: 0o700 });
    const runningVersion = records.get()[running()]?.version ?? '';
    await buildTree(tree, { executable, hardware: deps.hardware, firmware: target.firmware, runningVersion });
    await makeStreamTree({ tree, ...runAs });
    if (deps.runAs) await giveTo(tree, deps.runAs);
    const { ended } = call.start('Download', signal);
    const isTaken = await offerStreams({ tree, payload, names: entries.map(e => e.path), ...runAs }, ended);
    await removeStreamTree(tree);
    if (isTaken) await files.remove(payload);
    else await files.rename(payload, join(tree, 'files'));
    await manifest.save({ entries: isTaken ? [] : entries });
    if (deps.runAs && !isTaken) await giveTo(join(tree, 'files'), deps.runAs);
    return dialect.prepare(call, signal);
  };

  /** States that must not keep the rest from being done: their refusal is in the log. */
  const runAll = async (states: readonly string[]) => {
    for (const state of states) {
      try {
        await call.run(state);
      } catch (error) {
        log.error({ component, state, why: (error as Error).message }, 'the module refused');
      }
    }
  };

  const cleanUp = async () => {
    // Without a folder it was never called.
    if ((await files.list(folder)).includes('tree')) await runAll(['Cleanup']);
    await files.remove(tree);
    await files.remove(payload);
  };

  const leave = async (trial: Trial) => {
    await progress.save({ ...progress.get(), trial: { ...trial, phase: 'leaving' } });
    if (trial.canGoBack) await runAll(dialect.wayBack(trial.restart));
    else log.error({ component }, 'this module cannot go back');
    const left: Trial = { ...trial, phase: 'left', bootId };
    await progress.save({ ...progress.get(), trial: left });
    return left;
  };

  await mkdir(folder, { recursive: true, mode: 0o711 });
  const { trial: cut } = progress.get();
  // Committed, and cut before the last of it was done.
  if (cut && cut.slot === running() && records.get()[cut.slot]?.good) {
    await progress.save({ running: cut.slot });
    await cleanUp();
  }

  return {
    async slots() {
      return viewOf(records, running());
    },

    async install(artifact, target, signal) {
      const slot = otherSlot(running());
      const known = records.get()[slot];
      const isStaged = known?.sha256 === target.sha256 && known.target === target.path && !known.good;
      if (isStaged && progress.get().trial?.phase === 'staged') return slot;
      await records.save(withoutSlot(records, slot));
      await progress.save({ running: running() });
      const canGoBack = await stage(artifact, target, signal)
        .then(can => {
          if (can || deps.allowsNoWayBack) return can;
          throw new AgentError('installer-failed', `${executable} cannot go back, and the config does not allow that`);
        })
        .catch(async (error: unknown) => {
          await cleanUp();
          throw error;
        });
      const { version, counter } = target.firmware;
      const record = { version, counter, sha256: target.sha256, target: target.path, good: false };
      await progress.save({
        running: otherSlot(slot),
        trial: { slot, phase: 'staged', canGoBack, restart: 'none', bootId },
      });
      await records.save({ ...records.get(), [slot]: record });
      return slot;
    },

    async activate(slot) {
      const { trial } = progress.get();
      if (trial?.slot !== slot || !records.get()[slot] || records.get()[slot]?.good)
        throw new AgentError('activate-failed', `slot ${slot} holds nothing to be tried`);
      if (trial.phase === 'staged') {
        const difference = await faultOf(manifest, join(tree, 'files'));
        if (difference !== undefined) throw new AgentError('slot-mismatch', `the payload: ${difference}`);
        await progress.save({ ...progress.get(), trial: { ...trial, phase: 'activating' } });
        const restart = await dialect.activate(call);
        await progress.save({ ...progress.get(), trial: { ...trial, phase: 'active', restart, bootId } });
      }
      return running() === slot ? 'live' : 'reboot';
    },

    async proveHealthy(signal) {
      const { trial } = progress.get();
      if (!trial || trial.slot !== running()) return;
      if (trial.phase !== 'active') throw new AgentError('installer-failed', 'the module was cut short as it switched');
      await dialect.verify(call, trial.restart, signal);
      if (deps.check) await proveByCheck(deps.check, folder, signal);
    },

    async markGood(slot) {
      const record = records.get()[slot];
      if (!record || running() !== slot) throw new AgentError('slot-mismatch', `slot ${slot} does not run`);
      if (progress.get().trial) await dialect.commit(call);
      await records.save({ ...records.get(), [slot]: { ...record, good: true } });
      await progress.save({ running: slot });
      await cleanUp();
    },

    async markBad(slot) {
      const { trial } = progress.get();
      if (trial?.slot === slot) {
        const isAway = trial.phase === 'staged' || trial.phase === 'left';
        const left = isAway ? trial : await leave(trial);
        await records.save(withoutSlot(records, slot));
        if (left.phase === 'left') {
          if (running() === slot) return 'reboot';
          await runAll(dialect.failure);
        }
        await progress.save({ running: otherSlot(slot) });
        await cleanUp();
      } else {
        if (running() === slot) throw new AgentError('activate-failed', `nothing leads back from slot ${slot}`);
        await records.save(withoutSlot(records, slot));
      }
      return 'live';
    },
  };
}

async function unpack(
  bytes: Parameters<typeof unpackTar>[0],
  target: AcceptedTarget,
  payload: string,
  signal: AbortSignal,
): Promise<ManifestEntry[]> {
  const { format } = target.firmware;
  if (format === 'tar') {
    const entries = await unpackTar(bytes, payload, signal);
    const other = entries.find(e => e.type !== 'file' || e.path.includes('/'));
    if (other) throw new AgentError('installer-failed', `${other.path} is not a file at the top of the archive`);
    return entries;
  }
  if (format !== 'file') throw new AgentError('installer-failed', `format ${format} is not known to this installer`);
  const path = parseTargetPath(target.path)?.file;
  if (path === undefined) throw new AgentError('internal', 'the path of an accepted target does not read');
  const made = await writeFileFrom(bytes, { path, folder: payload, executable: false });
  await syncFolder(payload);
  return [made];
}

async function faultOf(
  manifest: { load(): Promise<{ kind: string; value?: { entries: ManifestEntry[] } }> },
  folder: string,
): Promise<string | undefined> {
  const loaded = await manifest.load();
  if (loaded.kind !== 'value' || !loaded.value) return 'it has no manifest';
  return firstDifference(folder, loaded.value.entries);
}

/** What runs where no record of the progress can be read. */
function newestGood({ a, b }: SlotRecords): SlotName {
  return b?.good && b.counter > (a?.good ? a.counter : 0) ? 'b' : 'a';
}

async function openProgress({ files, trustDir, component, log }: ScriptInstallerDeps, running: SlotName) {
  const path = join(trustDir, `progress-${component}.json`);
  const file = createStateFile({ files, path, format: 1, schema: Progress, copies: 2 });
  const loaded = await file.load();
  if (loaded.kind === 'corrupt') log.error({ component, fault: loaded.fault }, 'the progress record cannot be read');
  let now: Progress = loaded.kind === 'value' ? loaded.value : { running };
  return {
    get: () => now,
    async save(next: Progress) {
      await file.save(next);
      now = next;
    },
  };
}
