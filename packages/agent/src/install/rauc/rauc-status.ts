/** What `rauc status --output-format=json` says, as far as it is needed here. Pure. */
import { parser } from '@tidegate/protocol';
import type { Static } from 'typebox';
import * as Type from '@tidegate/protocol/type';
import { AgentError } from '../../agent-error.ts';

const Slot = Type.Object({
  state: Type.String(),
  boot_status: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  slot_status: Type.Optional(
    Type.Object({
      status: Type.Optional(Type.String()),
      installed: Type.Optional(Type.Object({ timestamp: Type.String(), count: Type.Integer() })),
    }),
  ),
});
const Status = Type.Object({
  boot_primary: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  slots: Type.Array(Type.Record(Type.String(), Slot), { maxItems: 256 }),
});
const parseStatus = parser(Status);

export interface RaucStatus {
  /** The slot that starts next; undefined where none can. */
  readonly primary: string | undefined;
  /** By name. */
  readonly slots: ReadonlyMap<string, RaucSlot>;
}
export type RaucSlot = Static<typeof Slot>;

/** @throws AgentError activate-failed */
export function readStatus(text: string): RaucStatus {
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch (error) {
    throw new AgentError('activate-failed', 'rauc status says no JSON', { cause: error });
  }
  const parsed = parseStatus(value);
  if (!parsed.ok) throw new AgentError('activate-failed', `rauc status: ${parsed.fault.path} ${parsed.fault.message}`);
  const { boot_primary: primary, slots } = parsed.value;
  return { primary: primary ?? undefined, slots: new Map(slots.flatMap(slot => Object.entries(slot))) };
}
