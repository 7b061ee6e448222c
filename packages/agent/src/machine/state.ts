/**
 * Where the device stands in an update, as plain JSON that outlives any crash: each state carries all that its step needs.
 * The schema reads the journal back; what does not fit it is no state.
 */
import {
  CodeName,
  Counter,
  Firmware,
  Hex32,
  Instant,
  Name,
  OfferedWindow,
  Sha256,
  TargetPathText,
  type UpdateState,
  Version,
} from '@tidegate/protocol';
import type { Static } from 'typebox';
import * as Type from '@tidegate/protocol/type';

export const JOURNAL_FORMAT = 1;

const Attempt = Type.Integer({ minimum: 1, maximum: 1000 });

/** One release on its way to one component, in one attempt of one rollout, or offered by the device itself. */
export const Update = Type.Object({
  /** Absent where no server made the offer. */
  rolloutId: Type.Optional(Hex32),
  attempt: Attempt,
  component: Name,
  /** RFC 3339: the server spreads its load; not before this. */
  notBefore: Type.Optional(Instant),
  /** When the maker lets it install; absent: at any time. */
  window: Type.Optional(OfferedWindow),
  /** The maker asks for haste: told to the owner, who decides. */
  urgent: Type.Optional(Type.Boolean()),
  pollDuringUpdateSeconds: Type.Integer({ minimum: 1, maximum: 3600 }),
  target: Type.Object({
    path: TargetPathText,
    sha256: Sha256,
    lengthBytes: Type.Integer({ minimum: 0 }),
    firmware: Firmware,
    validUntil: Instant,
  }),
});
export type Update = Static<typeof Update>;

/** How an update ended, or why an offer was refused. */
export const Outcome = Type.Object({
  state: Type.Enum(['verified', 'failed', 'rolledBack']),
  code: Type.Optional(CodeName),
  detail: Type.Optional(Type.String()),
  target: Type.String({ maxLength: 300 }),
  at: Instant,
});
export type Outcome = Static<typeof Outcome>;

const Slot = Type.Enum(['a', 'b']);
/** The last outcome goes along, so that the owner still sees it after a restart. */
const last = { last: Type.Optional(Outcome) };

const Idle = Type.Object({
  name: Type.Literal('idle'),
  ...last,
  /** An accepted offer that the owner's settings hold back. */
  waiting: Type.Optional(Update),
});
const Downloading = Type.Object({ name: Type.Literal('downloading'), ...last, update: Update });
const Installing = Type.Object({
  name: Type.Literal('installing'),
  ...last,
  update: Update,
  artifactFile: Type.String(),
});
const Rebooting = Type.Object({
  name: Type.Literal('rebooting'),
  ...last,
  update: Update,
  slot: Slot,
  /** The boot in which the switch was decided: another one now means that the machine restarted. */
  bootId: Hex32,
  /** How often the switch was decided; bounded. */
  activations: Type.Integer({ minimum: 1 }),
  /** The slot is armed and waits for a restart of the machine. */
  restarts: Type.Optional(Type.Boolean()),
});
const Trial = Type.Object({ name: Type.Literal('trial'), ...last, update: Update, slot: Slot });
const Done = Type.Object({
  name: Type.Literal('done'),
  ...last,
  update: Update,
  outcome: Outcome,
  /** Counter and hash from the slot record that runs, for `verified`. */
  proof: Type.Optional(Type.Object({ version: Version, counter: Counter, sha256: Type.Optional(Sha256) })),
});

export const State = Type.Union([Idle, Downloading, Installing, Rebooting, Trial, Done]);
export type State = Static<typeof State>;
export type Idle = Static<typeof Idle>;
export type Downloading = Static<typeof Downloading>;
export type Installing = Static<typeof Installing>;
export type Rebooting = Static<typeof Rebooting>;
export type Trial = Static<typeof Trial>;
export type Done = Static<typeof Done>;

/** The name under which the server knows a state; undefined where nothing is under way. */
export function reportedState(state: State): UpdateState | undefined {
  switch (state.name) {
    case 'idle':
      return state.waiting ? 'offered' : undefined;
    case 'downloading':
      return 'downloading';
    case 'installing':
      return 'downloaded';
    case 'rebooting':
      return 'activating';
    case 'trial':
      return 'trial';
    case 'done':
      return state.outcome.state;
  }
}

export function updateOf(state: State): Update | undefined {
  return state.name === 'idle' ? state.waiting : state.update;
}

/** The end of an update. `last` is replaced: this is the news now. */
export function done(
  state: { readonly update: Update },
  at: string,
  outcome: Omit<Outcome, 'target' | 'at'>,
  proof?: Done['proof'],
): Done {
  return {
    name: 'done',
    update: state.update,
    outcome: { ...outcome, target: state.update.target.path, at },
    ...(proof ? { proof } : {}),
  };
}

/** What of a state goes on into the next one. */
export function keepLast(state: State): { last?: Outcome } {
  return state.last ? { last: state.last } : {};
}
