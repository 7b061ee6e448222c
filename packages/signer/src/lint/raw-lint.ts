/** The bytes of a list, before anything is made of them. */
import type { Finding } from './finding.ts';
import { type RawFaultCode, rawFaults } from './raw-json.ts';

const WORDS: Readonly<Record<RawFaultCode, string>> = {
  'number-not-whole': 'is a number that is not whole, or not written as one: signed lists know whole numbers only',
  'number-too-large': 'is a number that not every program holds exactly (beyond 2^53)',
  'name-twice': 'stands there twice: one program sees the first, another the last',
  'name-reordered': 'is a name that programs put into another place than it has',
  'text-not-unicode': 'holds half a character, which other programs replace',
  'nested-too-deep': 'is nested deeper than any list of ours',
};
const REMEDY = 'Whatever wrote this file is at fault: make the list again with tidegate-signer, and sign that.';

/** @returns nothing for what is no JSON at all: that is told where it is parsed */
export function rawFindings(role: string, file: string, bytes: Uint8Array): Finding[] {
  const text = decoded(bytes);
  if (text === undefined) {
    const message = `${file} is not UTF-8: other programs read other characters than were signed.`;
    return [{ code: 'not-utf8', severity: 'error', role, message, remedy: REMEDY }];
  }
  if (!isJson(text)) return [];
  return rawFaults(text).map(({ code, at }) => ({
    code,
    severity: 'error',
    role,
    path: at,
    message: `${file}: ${at || 'it'} ${WORDS[code]}.`,
    remedy: REMEDY,
  }));
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
