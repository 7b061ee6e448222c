/**
 * Lets RAUC write a bundle into the slot that does not run. RAUC sees it only once its bytes are those that were signed,
 * and judges it by its own signature as well; what RAUC noted of the slot is noted here, to tell a slot that somebody
 * wrote since.
 */
import * as Type from '@tidegate/protocol/type';
import { AgentError } from '../../agent-error.ts';
import type { DurableFiles } from '../../durable/durable-files.ts';
import { createStateFile } from '../../durable/state-file.ts';
import type { SlotName } from '../../ports.ts';
import type { SlotWriter } from '../ab/ab-installer.ts';
import { withVerifiedFile } from '../verified-source.ts';
import { bundleFault } from './bundle-format.ts';
import type { Rauc } from './rauc-tool.ts';

export interface RaucWriterDeps {
  readonly rauc: Rauc;
  /** By RAUC's names. */
  readonly slots: Readonly<Record<SlotName, string>>;
  readonly running: SlotName;
  readonly files: DurableFiles;
  readonly notePath: (slot: SlotName) => string;
  /** Of a plain bundle for a RAUC with CVE-2026-34155. */
  readonly plainBytesMax?: number;
}

const Note = Type.Object({ timestamp: Type.String(), count: Type.Integer() });

export function raucWriter({ rauc, slots, running, files, notePath, plainBytesMax }: RaucWriterDeps): SlotWriter {
  const noteOf = (slot: SlotName) => createStateFile({ files, path: notePath(slot), format: 1, schema: Note });
  const installedIn = async (slot: SlotName) => {
    const { slots: found } = await rauc.status();
    const { status, installed } = found.get(slots[slot])?.slot_status ?? {};
    return status === 'ok' ? installed : undefined;
  };
  return {
    async write(slot, artifact, target, signal) {
      const { format } = target.firmware;
      if (format !== 'raucb')
        throw new AgentError('installer-failed', `format ${format} is not known to this installer`);
      await withVerifiedFile(artifact, target, async path => {
        const bundle = { format: await rauc.formatOf(path), lengthBytes: target.lengthBytes };
        const fault = bundleFault(await rauc.version(), bundle, plainBytesMax);
        if (fault !== undefined) throw new AgentError('installer-failed', fault);
        await rauc.install(path, signal);
      });
      if ((await rauc.status()).primary === slots[slot]) {
        await rauc.mark('active', slots[running]);
        throw new AgentError(
          'installer-failed',
          'RAUC made the slot active by itself: activate-installed must be false',
        );
      }
      const installed = await installedIn(slot);
      if (!installed) throw new AgentError('installer-failed', `the bundle did not bring ${slots[slot]}`);
      await noteOf(slot).save(installed);
    },
    async fault(slot) {
      const noted = await noteOf(slot).load();
      if (noted.kind !== 'value') return 'nothing says what it should hold';
      const installed = await installedIn(slot);
      const isSame = installed?.count === noted.value.count && installed.timestamp === noted.value.timestamp;
      return isSame ? undefined : 'it was written by somebody else since';
    },
  };
}
