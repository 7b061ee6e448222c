/** What a release's description must be before anybody signs it. Pure; run when it is made and again when it is signed. */
import { Firmware, Hold, LIMITS, parser, parseTargetPath } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';

const parseFirmware = parser(Firmware);
const parseHold = parser(Hold);

/** @throws SignerError `firmware-invalid`, `custom-too-large`, `risk-missing`, `name-invalid` */
export function checkFirmware(custom: unknown, path: string): Firmware {
  const place = parseTargetPath(path);
  if (!place) throw new SignerError('name-invalid', `"${path}" is no target path: five parts of plain names.`);
  const parsed = parseFirmware(custom);
  if (!parsed.ok) throw invalid(path, parsed.fault.path, parsed.fault.message);
  const firmware = parsed.value;
  if (firmware.component !== place.component) throw invalid(path, '/component', `is not ${place.component}`);
  if (firmware.version !== place.version) throw invalid(path, '/version', `is not ${place.version}`);
  if (firmware.kind === 'delta' && !firmware.baseSha256) throw invalid(path, '/baseSha256', 'is missing for a delta');
  if (new Set(firmware.hardware).size !== firmware.hardware.length) throw invalid(path, '/hardware', 'repeats itself');
  checkRisk(firmware, path);
  checkCustom(firmware, path);
  return firmware;
}

/** @throws SignerError `firmware-invalid`, `custom-too-large`, `reason-missing`, `name-invalid` */
export function checkHold(custom: unknown, path: string): Hold {
  const parsed = parseHold(custom);
  if (!parsed.ok) throw invalid(path, parsed.fault.path, parsed.fault.message);
  const [, , component, version] = path.split('/');
  if (parsed.value.component !== component || parsed.value.version !== version) {
    throw invalid(path, '', 'names another component or version than its path');
  }
  if (!hasText(parsed.value.reason)) {
    throw new SignerError('reason-missing', 'A hold says in plain words why (--reason), for owners will read it.');
  }
  checkCustom(parsed.value, path);
  return parsed.value;
}

/** EN 303 645 5.3-11: who is told of a security update is told in plain words what risk it removes. */
function checkRisk(firmware: Firmware, path: string): void {
  const fixes = firmware.fixes ?? [];
  if (firmware.class === 'security' && fixes.length === 0) {
    throw new SignerError(
      'risk-missing',
      `${path} is of class security: say what it fixes, --fix 'ID=the risk in plain words'.`,
    );
  }
  const silent = fixes.find(fix => !hasText(fix.risk));
  if (silent)
    throw new SignerError('risk-missing', `Fix ${silent.id} says nothing of the risk: --fix '${silent.id}=…'.`);
}

function hasText(localized: Readonly<Record<string, string>>): boolean {
  return Object.values(localized).some(text => text.trim() !== '');
}

/** Size, depth and leaves: what survives canonical JSON unchanged and what small devices can hold. */
function checkCustom(custom: object, path: string): void {
  checkLeaves(custom, LIMITS.customDepth + 1, path);
  // As JSON, not canonical: never shorter, and what the server counts.
  const bytes = Buffer.byteLength(JSON.stringify(custom), 'utf8');
  if (bytes > LIMITS.customBytes) {
    throw new SignerError(
      'custom-too-large',
      `The description of ${path} has ${bytes} bytes; ${LIMITS.customBytes} are allowed. Shorten notes and risks.`,
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
