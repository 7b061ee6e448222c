/**
 * The boot loader as RAUC steers it, whichever it is: RAUC says which slot starts next and whether a slot is good, its
 * boot loader counts the starts. What was armed is noted here, since RAUC does not tell a slot that used up its starts
 * from one that was never tried.
 */
import * as Type from '@tidegate/protocol/type';
import { AgentError } from '../../agent-error.ts';
import type { DurableFiles } from '../../durable/durable-files.ts';
import { createStateFile } from '../../durable/state-file.ts';
import type { SlotName } from '../../ports.ts';
import type { BootControl } from '../ab/boot-control.ts';
import type { Rauc } from './rauc-tool.ts';

export interface RaucControlDeps {
  readonly rauc: Rauc;
  /** By RAUC's names. */
  readonly slots: Readonly<Record<SlotName, string>>;
  readonly files: DurableFiles;
  readonly notePath: string;
}

const Note = Type.Object({ armed: Type.Enum(['a', 'b']) });

export function raucControl({ rauc, slots, files, notePath }: RaucControlDeps): BootControl {
  const note = createStateFile({ files, path: notePath, format: 1, schema: Note });
  /** Starts next from now on, and is good for the starts that its boot loader gives. */
  const start = async (slot: SlotName) => {
    await rauc.mark('active', slots[slot]);
    const { primary } = await rauc.status();
    if (primary !== slots[slot])
      throw new AgentError(
        'activate-failed',
        `RAUC starts ${primary ?? 'nothing'} after ${slots[slot]} was made active`,
      );
  };
  return {
    async state() {
      const { primary, slots: found } = await rauc.status();
      const next = (['a', 'b'] as const).find(slot => slots[slot] === primary);
      const noted = await note.load();
      const startsNext = next === undefined ? {} : { next };
      if (noted.kind !== 'value') return startsNext;
      const { armed: slot } = noted.value;
      const isTriedNext = next === slot && found.get(slots[slot])?.boot_status !== 'bad';
      return { ...startsNext, armed: { slot, triesLeft: isTriedNext ? 1 : 0 } };
    },
    async settle(slot) {
      if ((await rauc.status()).primary !== slots[slot]) await start(slot);
      await files.remove(notePath);
    },
    async arm(slot) {
      await start(slot);
      // After it: cut in between, the slot is tried once more; noted first, it would count as tried and never was.
      await note.save({ armed: slot });
    },
    async commit(slot) {
      await rauc.mark('good', slots[slot]);
      await files.remove(notePath);
    },
    async leave(slot, back) {
      await start(back);
      await rauc.mark('bad', slots[slot]);
      await files.remove(notePath);
    },
  };
}
