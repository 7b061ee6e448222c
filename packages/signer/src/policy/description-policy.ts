/** What a target's description must be before anybody signs it. Pure; run when it is made and again when it is signed. */
import { type Described, describedAs, type Firmware, type Hold, LIMITS, parseTargetPath } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';
import { classFaults } from './class-policy.ts';
import { hasText } from './has-text.ts';
import { selfOfferFaults } from './self-offer-policy.ts';

/** @throws SignerError `firmware-invalid`, `custom-too-large`, `name-invalid`, those of class and hold */
export function checkDescription(custom: unknown, path: string): Described {
  if (!parseTargetPath(path)) {
    throw new SignerError('name-invalid', `"${path}" is no target path: five parts of plain names.`);
  }
  const parsed = describedAs(path, custom);
  if (!parsed.ok) throw invalid(path, parsed.fault.path, parsed.fault.message);
  const described = parsed.value;
  if (described.kind === 'firmware') checkFirmwareEntry(described.entry, path);
  if (described.kind === 'hold' && !hasText(described.entry.reason)) {
    throw new SignerError('reason-missing', 'A hold says in plain words why (--reason), for owners will read it.');
  }
  checkCustom(described.entry, path);
  return described;
}

export interface Image {
  readonly path: string;
  readonly sha256: string;
  readonly lengthBytes: number;
  readonly firmware: Firmware;
}

/** The full images on a list. @throws SignerError as above */
export function imagesIn({ targets }: Pick<TargetsSigned, 'targets'>): Image[] {
  return Object.entries(targets).flatMap(([path, { hashes, length, custom }]) => {
    const { kind, entry } = checkDescription(custom, path);
    if (kind !== 'firmware') return [];
    return [{ path, sha256: hashes.sha256, lengthBytes: length, firmware: entry }];
  });
}

/** The same where only firmware may stand. @throws SignerError as above */
export function checkFirmware(custom: unknown, path: string): Firmware {
  const described = checkDescription(custom, path);
  if (described.kind === 'firmware') return described.entry;
  throw invalid(path, '/kind', `is ${described.kind}, where an image is to be described`);
}

/** The same where only a hold may stand. @throws SignerError as above */
export function checkHold(custom: unknown, path: string): Hold {
  const described = checkDescription(custom, path);
  if (described.kind === 'hold') return described.entry;
  throw invalid(path, '/kind', `is ${described.kind}, where a hold is to be described`);
}

function checkFirmwareEntry(firmware: Firmware, path: string): void {
  if (new Set(firmware.hardware).size !== firmware.hardware.length) throw invalid(path, '/hardware', 'repeats itself');
  const [selfOffer] = selfOfferFaults(firmware);
  if (selfOffer) throw invalid(path, selfOffer.path, selfOffer.message);
  const [fault] = classFaults(firmware);
  if (fault) throw new SignerError(fault.code, `The description of ${path}: ${fault.path} ${fault.message}`);
}

/** Size, depth and leaves: what survives canonical JSON unchanged and what small devices can hold. */
function checkCustom(custom: object, path: string): void {
  checkLeaves(custom, LIMITS.customDepth + 1, path);
  // As JSON, not canonical: never shorter, and what the server counts.
  const bytes = Buffer.byteLength(JSON.stringify(custom), 'utf8');
  if (bytes > LIMITS.customBytes) {
    throw new SignerError(
      'custom-too-large',
      `The description of ${path} has ${bytes} bytes; ${LIMITS.customBytes} are allowed. ` +
        'Shorten notes and risks; what is long can go into a file of its own (notesFile).',
    );
  }
}

function checkLeaves(value: unknown, levels: number, path: string): void {
  if (typeof value === 'string') {
    // A lone surrogate would be replaced on the way to UTF-8: other bytes than were signed.
    if (!value.isWellFormed()) throw invalid(path, '', 'holds text that is not Unicode');
  } else if (typeof value === 'object' && value !== null) {
    if (levels === 0) throw invalid(path, '', `is nested more than ${LIMITS.customDepth} levels deep`);
    for (const [key, inner] of Object.entries(value)) {
      checkLeaves(key, 0, path);
      checkLeaves(inner, levels - 1, path);
    }
  } else if (typeof value !== 'boolean' && !Number.isSafeInteger(value)) {
    throw invalid(path, '', 'holds a value that is neither whole number, text nor yes/no');
  }
}

function invalid(path: string, at: string, message: string): SignerError {
  return new SignerError('firmware-invalid', `The description of ${path}: ${at || 'it'} ${message}.`);
}
