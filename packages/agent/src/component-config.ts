/** The part of the config that says how each component is installed: one schema for each installer, all closed. */
import { closed, Counter, Name, parser, type Parsed, Version } from '@tidegate/protocol';
import type { Static } from 'typebox';
import * as Type from '@tidegate/protocol/type';

export const Path = Type.String({ minLength: 1, maxLength: 4096 });
export const Url = Type.String({ pattern: '^https?://', maxLength: 2048 });
export const Command = Type.Array(Type.String({ maxLength: 4096 }), { minItems: 1, maxItems: 64 });
export const Seconds = Type.Number({ minimum: 0, maximum: 7 * 86_400 });
/** A user or group by its number: names would be looked up in files that an update may change. */
const Id = Type.Integer({ minimum: 0, maximum: 2 ** 32 - 2 });

const Health = closed({
  url: Url,
  intervalSeconds: Type.Optional(Seconds),
  /** It must answer well for so long in a row. */
  healthyForSeconds: Type.Optional(Seconds),
  deadlineSeconds: Type.Optional(Seconds),
});

const common = {
  name: Name,
  /** What runs when the device leaves the factory; its counter is the first floor. */
  factory: closed({ version: Version, counter: Counter }),
  /** Run after the switch; its exit code says whether the software works. In a slot of folders, it runs there. */
  check: Type.Optional(closed({ command: Command, timeoutSeconds: Type.Optional(Seconds) })),
};

const DirectoryComponent = closed({
  ...common,
  installer: Type.Literal('directory'),
  /** Holds `a/`, `b/` and the link `current`. */
  folder: Path,
  service: Type.Optional(
    closed({
      command: Command,
      env: Type.Optional(Type.Record(Type.String(), Type.String({ maxLength: 4096 }))),
      stopTimeoutSeconds: Type.Optional(Seconds),
      health: Type.Optional(Health),
    }),
  ),
});
export type DirectoryComponent = Static<typeof DirectoryComponent>;

const ScriptComponent = closed({
  ...common,
  installer: Type.Literal('script'),
  executable: Path,
  /** The words that it is spoken to in; `tidegate` unless told. */
  dialect: Type.Optional(Type.Enum(['tidegate', 'mender-v3'])),
  /** Where it works, emptied between updates. */
  folder: Path,
  runAs: Type.Optional(closed({ uid: Id, gid: Id })),
  /** For each state. */
  timeoutSeconds: Type.Optional(Seconds),
  /** By state, where one needs another span. */
  timeoutsSeconds: Type.Optional(Type.Record(Type.String({ pattern: '^[A-Za-z]{1,40}$' }), Seconds)),
  /** For a module that cannot undo what it did. */
  allowNoWayBack: Type.Optional(Type.Boolean()),
});
export type ScriptComponent = Static<typeof ScriptComponent>;

const Boot = Type.Union([
  closed({ loader: Type.Literal('u-boot'), config: Path }),
  closed({ loader: Type.Literal('grub'), environment: Path }),
]);

/** Of a whole system that the boot loader starts by the variables of its environment. */
const environmentBooted = {
  boot: Boot,
  /** Starts that a new system gets before the boot loader goes back. GRUB's script counts to 8. */
  trialBoots: Type.Optional(Type.Integer({ minimum: 1, maximum: 8 })),
  /** Says `tidegate.slot=a` or `b`; /proc/cmdline unless told. */
  commandLineFile: Type.Optional(Path),
  health: Type.Optional(Health),
};

const AbImageComponent = closed({
  ...common,
  installer: Type.Literal('ab-image'),
  /** Block devices, or files of fixed size; neither may be the other. */
  slots: closed({ a: Path, b: Path }),
  ...environmentBooted,
});
export type AbImageComponent = Static<typeof AbImageComponent>;

const RaucSlot = Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' });
const RaucComponent = closed({
  ...common,
  installer: Type.Literal('rauc'),
  /** The slots that RAUC starts, by its names. */
  slots: closed({ a: RaucSlot, b: RaucSlot }),
  /** /etc/rauc/system.conf unless told. */
  systemConfig: Type.Optional(Path),
  /** For an installation. */
  timeoutSeconds: Type.Optional(Seconds),
  health: Type.Optional(Health),
});
export type RaucComponent = Static<typeof RaucComponent>;

const Selection = Type.String({ pattern: '^[A-Za-z0-9._-]{1,64},[A-Za-z0-9._-]{1,64}$' });
const SwupdateComponent = closed({
  ...common,
  installer: Type.Literal('swupdate'),
  /** What of an image's description writes a slot: software set and mode. */
  select: closed({ a: Selection, b: Selection }),
  /** PEM of who signs images. */
  certificate: Path,
  /** `board:revision`; as SWUpdate finds it unless told. */
  hardwareRevision: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}:[A-Za-z0-9._-]{1,64}$' })),
  /** For an installation. */
  timeoutSeconds: Type.Optional(Seconds),
  ...environmentBooted,
});
export type SwupdateComponent = Static<typeof SwupdateComponent>;

export type ComponentConfig =
  | DirectoryComponent
  | ScriptComponent
  | AbImageComponent
  | RaucComponent
  | SwupdateComponent;

/** Whether it is a system that a boot loader starts: a device can have only one of them. */
export function isBooted({ installer }: ComponentConfig): boolean {
  return installer === 'ab-image' || installer === 'rauc' || installer === 'swupdate';
}

/** What tells the kinds apart; the rest is read by the schema of its kind, so that a fault is told for that kind only. */
export const AnyComponent = Type.Object({
  installer: Type.Enum(['directory', 'script', 'ab-image', 'rauc', 'swupdate']),
});

const kinds = {
  directory: parser(DirectoryComponent),
  script: parser(ScriptComponent),
  'ab-image': parser(AbImageComponent),
  rauc: parser(RaucComponent),
  swupdate: parser(SwupdateComponent),
} as const;

export function parseComponent(component: Static<typeof AnyComponent>): Parsed<ComponentConfig> {
  return kinds[component.installer](component);
}
