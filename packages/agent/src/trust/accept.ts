/**
 * The acceptance rule: whether this device may install a target, from its own signed lists and its own facts alone.
 * Pure and total. The first rule that is broken gives the code.
 */
import {
  type Code,
  type Firmware,
  Firmware as FirmwareSchema,
  FIRMWARE_SCHEMA,
  kindIn,
  LIMITS,
  parser,
  parseTargetPath,
} from '@tidegate/protocol';
import type { AcceptedTarget, DeviceFacts } from '../ports.ts';

/** An entry of a targets role, as signed. */
export interface ListedTarget {
  readonly lengthBytes: number;
  readonly hashes: Readonly<Record<string, string>>;
  readonly custom: unknown;
}

export interface AcceptInput {
  readonly path: string;
  readonly device: DeviceFacts;
  /** The own channel's role: the only one that may name what is installed. */
  readonly listed: ReadonlyMap<string, ListedTarget>;
  /** Expiry of that role, RFC 3339. */
  readonly listedUntil: string;
  readonly isHeld: (component: string, version: string) => boolean;
  readonly floor: (component: string) => number;
  readonly trustedNowMs: number;
}

export type Verdict =
  | { readonly ok: true; readonly target: AcceptedTarget }
  | { readonly ok: false; readonly code: Code; readonly detail: string };

const parseFirmware = parser(FirmwareSchema);
const SHA256 = /^[0-9a-f]{64}$/;
/** Names that `mustUnderstand` may hold: none yet. */
const ABILITIES: readonly string[] = [];

export function accept(input: AcceptInput): Verdict {
  const { path, device, listed } = input;
  const parts = parseTargetPath(path);
  if (!parts) return refuse('target-not-signed', `${printable(path)} cannot be the path of a target`);
  if (parts.product !== device.product || parts.channel !== device.channel)
    return refuse('wrong-channel', `${path} is not of ${device.product}/${device.channel}`);
  const target = listed.get(path);
  if (!target) return refuse('target-not-signed', `${path} is not in the signed list`);
  if (Date.parse(input.listedUntil) <= input.trustedNowMs)
    return refuse('metadata-expired', `the list of ${parts.channel} ended at ${input.listedUntil}`);

  const sha256 = target.hashes['sha256'] ?? '';
  if (!SHA256.test(sha256)) return refuse('metadata-malformed', `${path} has no SHA-256`);
  const { lengthBytes } = target;
  if (!Number.isSafeInteger(lengthBytes) || lengthBytes < 0 || lengthBytes > LIMITS.artifactBytes)
    return refuse('metadata-malformed', `${path} has an impossible length`);

  // A later schema need not fit ours: that it is unknown must not look like an attack.
  if (hasLaterSchema(target.custom)) return refuse('schema-unknown', `${path} is described by a later schema`);
  // Bundles, documents and whatever kinds come later: nothing of them is installed by halves, and none is an attack.
  const kind = kindIn(target.custom);
  if (typeof kind === 'string' && kind !== 'full')
    return refuse('schema-unknown', `${path} is of kind ${printable(kind)}, which is not installed by itself`);
  const parsed = parseFirmware(target.custom);
  if (!parsed.ok) return refuse('metadata-malformed', `${path}: custom${parsed.fault.path} ${parsed.fault.message}`);
  const firmware = parsed.value;
  const unknown = firmware.mustUnderstand?.find(ability => !ABILITIES.includes(ability));
  if (unknown !== undefined) return refuse('schema-unknown', `${path} asks for ${unknown}`);
  if (firmware.component !== parts.component || firmware.version !== parts.version)
    return refuse('metadata-malformed', `${path} describes ${firmware.component} ${firmware.version}`);

  if (input.isHeld(firmware.component, firmware.version)) return refuse('held', `${path} is held back`);
  if (!firmware.hardware.includes(device.hardware))
    return refuse('wrong-hardware', `${path} is for ${firmware.hardware.join(', ')}, not for ${device.hardware}`);
  return (
    counterFault(input, firmware) ??
    stepFault(input, firmware) ??
    requirementFault(input, firmware) ?? {
      ok: true,
      target: { path, sha256, lengthBytes, firmware, validUntil: input.listedUntil },
    }
  );
}

/** The release counter never falls (image rollback). A device below its floor may be repaired, from the floor up. */
function counterFault({ path, device, floor }: AcceptInput, { component, counter }: Firmware): Verdict | undefined {
  const installed = installedCounter(device, component);
  if (counter <= installed) return refuse('counter-rollback', `${path}: counter ${counter}, installed ${installed}`);
  if (counter < floor(component))
    return refuse('counter-rollback', `${path}: counter ${counter} is below the floor ${floor(component)}`);
  return undefined;
}

/**
 * A slip of the signer must not use up the range of counters. Judged from the release before it in the list, so that a
 * device that was away for long may still go on; a device fresh from the factory has nothing to judge from.
 */
function stepFault({ path, device, listed }: AcceptInput, { component, counter }: Firmware): Verdict | undefined {
  const installed = installedCounter(device, component);
  if (installed === 0) return undefined;
  let before = installed;
  for (const { custom } of listed.values()) {
    const other = parseFirmware(custom);
    if (other.ok && other.value.component === component && other.value.counter < counter)
      before = Math.max(before, other.value.counter);
  }
  if (counter - before <= LIMITS.counterStep) return undefined;
  return refuse('metadata-malformed', `${path}: the counter leaps from ${before} to ${counter}`);
}

function requirementFault({ path, device }: AcceptInput, firmware: Firmware): Verdict | undefined {
  const missing = firmware.requires?.find(r => installedCounter(device, r.component) < r.minCounter);
  if (missing)
    return refuse('requirement-missing', `${path} needs ${missing.component} at counter ${missing.minCounter}`);
  const least = firmware.minFromCounter ?? 0;
  if (installedCounter(device, firmware.component) < least)
    return refuse('stepping-stone-missing', `${path} can be installed from counter ${least} on`);
  return undefined;
}

function installedCounter(device: DeviceFacts, component: string): number {
  return Object.hasOwn(device.installed, component) ? (device.installed[component]?.counter ?? 0) : 0;
}

function hasLaterSchema(custom: unknown): boolean {
  if (typeof custom !== 'object' || custom === null || !('schema' in custom)) return false;
  return Number.isInteger(custom.schema) && (custom.schema as number) > FIRMWARE_SCHEMA;
}

function refuse(code: Code, detail: string): Verdict {
  return { ok: false, code, detail: detail.slice(0, LIMITS.detailChars) };
}

function printable(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
