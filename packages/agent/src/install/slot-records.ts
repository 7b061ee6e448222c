/**
 * What the agent wrote about the two slots of a component, durable before a slot is used, in two copies beside the
 * trusted root. Never taken from anything inside a slot.
 */
import { Counter, Name, Sha256, TargetPathText, Version } from '@tidegate/protocol';
import type { Static } from 'typebox';
import * as Type from '@tidegate/protocol/type';
import type { DurableFiles } from '../durable/durable-files.ts';
import { createStateFile, type StateFile } from '../durable/state-file.ts';
import type { InstalledRelease, SlotName, SlotsView } from '../ports.ts';

const Slot = Type.Enum(['a', 'b']);
const Record = Type.Object({
  version: Version,
  counter: Counter,
  sha256: Type.Optional(Sha256),
  target: Type.Optional(TargetPathText),
  good: Type.Boolean(),
});

export const SlotRecords = Type.Object({
  component: Name,
  a: Type.Optional(Record),
  b: Type.Optional(Record),
  /** The slot on trial, with the starts that it has left. */
  armed: Type.Optional(Type.Object({ slot: Slot, triesLeft: Type.Integer({ minimum: 0, maximum: 10 }) })),
});
export type SlotRecords = Static<typeof SlotRecords>;

export interface SlotRecordFile {
  get(): SlotRecords;
  save(records: SlotRecords): Promise<void>;
}

/** @param factory what slot a holds when nothing was recorded yet */
export async function openSlotRecords(
  files: DurableFiles,
  path: string,
  component: string,
  factory: InstalledRelease,
): Promise<SlotRecordFile & { readonly fault?: string }> {
  const file: StateFile<SlotRecords> = createStateFile({ files, path, format: 1, schema: SlotRecords, copies: 2 });
  const loaded = await file.load();
  let records: SlotRecords = loaded.kind === 'value' ? loaded.value : { component, a: { ...factory, good: true } };
  return {
    get: () => records,
    async save(next) {
      await file.save(next);
      records = next;
    },
    ...(loaded.kind === 'corrupt' ? { fault: loaded.fault } : {}),
  };
}

export function otherSlot(slot: SlotName): SlotName {
  return slot === 'a' ? 'b' : 'a';
}

export function viewOf(records: SlotRecordFile, running: SlotName): SlotsView {
  const { a, b, armed } = records.get();
  return { running, records: { ...(a ? { a } : {}), ...(b ? { b } : {}) }, ...(armed ? { armed } : {}) };
}

/** The records without this slot, which is then neither good nor on trial. */
export function withoutSlot(records: SlotRecordFile, slot: SlotName): SlotRecords {
  const { armed, ...rest } = records.get();
  const { [slot]: _gone, ...others } = rest;
  return armed && armed.slot !== slot ? { ...others, armed } : others;
}
