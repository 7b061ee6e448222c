/** What the doctor says of each thing that it examined: well, or what is wrong and what to do about it. */
import type { FindingCode } from '../lint/finding.ts';
import { SignerError } from '../signer-error.ts';
import { errorCode } from '../store/durable-file.ts';

export const CHECKS = [
  'node',
  'clock',
  'folder',
  'disk',
  'lock',
  'left-overs',
  'config',
  'keys',
  'artifacts',
  'publishing',
  'server',
] as const;
export type Check = (typeof CHECKS)[number];

/** Beyond the codes of errors and of lint. */
export const DOCTOR_CODES = [
  'sound',
  'unexamined',
  'node-old',
  'clock-off',
  'folder-missing',
  'folder-unusable',
  'folder-open-to-others',
  'disk-low',
  'lock-stale',
  'left-over',
  'key-name-twice',
  'expiry-unusual',
  'policy-unused',
  'key-open-to-others',
  'publish-interrupted',
  'never-published',
  'server-ahead',
  'server-behind',
  'server-differs',
  'server-unreachable',
] as const;

export interface Diagnosis {
  readonly check: Check;
  readonly code: FindingCode | (typeof DOCTOR_CODES)[number];
  readonly severity: 'ok' | 'warning' | 'error';
  readonly path?: string;
  readonly message: string;
  /** What to do about it; nothing where all is well. */
  readonly remedy?: string;
}

type Said = Omit<Diagnosis, 'check' | 'severity' | 'remedy'> & { readonly remedy: string };

export function error(check: Check, said: Said): Diagnosis {
  return { check, severity: 'error', ...said };
}

export function warning(check: Check, said: Said): Diagnosis {
  return { check, severity: 'warning', ...said };
}

export function sound(check: Check, message: string): Diagnosis {
  return { check, code: 'sound', severity: 'ok', message };
}

/** What was found, or the good word where there is nothing. */
export function orSound(found: readonly Diagnosis[], check: Check, message: string): readonly Diagnosis[] {
  return found.length > 0 ? found : [sound(check, message)];
}

/** Runs a check; one that cannot look says so, and keeps no other from looking. */
export async function examined(check: Check, look: () => Promise<readonly Diagnosis[]>): Promise<readonly Diagnosis[]> {
  try {
    return await look();
  } catch (cause) {
    if (cause instanceof SignerError) {
      const { code, message } = cause;
      return [error(check, { code, message, remedy: 'Put that right, then ask the doctor again.' })];
    }
    if (errorCode(cause) === undefined) throw cause;
    const { message } = cause as Error;
    return [
      error(check, {
        code: 'unexamined',
        message: `${check} could not be examined: ${message}.`,
        remedy: 'Run it as the user who owns the folder.',
      }),
    ];
  }
}
