/**
 * GRUB's environment block as bytes: a heading, lines `name=value`, filled up with `#`. What we do not set stays byte for
 * byte. Kept within the first 512 bytes, the least that a disk writes as a whole: so a change is there or not, whenever
 * the power goes. Pure.
 */
import type { BootVariables } from './boot-environment.ts';

export const BLOCK_BYTES = 1024;
export const SECTOR_BYTES = 512;
const HEADING = '# GRUB Environment Block\n';

interface Line {
  /** With its newline. */
  readonly raw: string;
  readonly name?: string;
  readonly value?: string;
}

/** @returns undefined where the bytes are no such block */
export function readBlock(bytes: Uint8Array): BootVariables | undefined {
  const lines = linesOf(bytes);
  if (!lines) return undefined;
  return Object.fromEntries(lines.flatMap(({ name, value }) => (name === undefined ? [] : [[name, value ?? '']])));
}

/** @returns the first sector of the block with these variables set, or why that cannot be */
export function changedSector(bytes: Uint8Array, variables: BootVariables): { sector: Buffer } | { fault: string } {
  const lines = linesOf(bytes);
  if (!lines) return { fault: 'it is no environment block of GRUB' };
  const kept = lines.filter(({ name }) => name === undefined || !Object.hasOwn(variables, name)).map(l => l.raw);
  const set = Object.entries(variables).map(([name, value]) => `${name}=${escaped(value)}\n`);
  const text = [HEADING, ...kept, ...set].join('');
  const lengthBefore = HEADING.length + lines.reduce((sum, { raw }) => sum + raw.length, 0);
  if (Math.max(text.length, lengthBefore) > SECTOR_BYTES)
    return { fault: `its variables take more than ${SECTOR_BYTES} bytes: a power cut could leave half of a change` };
  return { sector: Buffer.from(text.padEnd(SECTOR_BYTES, '#'), 'latin1') };
}

function linesOf(bytes: Uint8Array): Line[] | undefined {
  const text = Buffer.from(bytes).toString('latin1');
  if (bytes.length !== BLOCK_BYTES || !text.startsWith(HEADING)) return undefined;
  const lines: Line[] = [];
  for (let at = HEADING.length; at < text.length; ) {
    const raw = rawLine(text, at);
    // The last line is the filling, which has no end.
    if (raw === undefined) return /^#*$/.test(text.slice(at)) ? lines : undefined;
    lines.push(parsed(raw));
    at += raw.length;
  }
  return lines;
}

/** Up to a newline that no backslash takes away. A comment knows no backslash. */
function rawLine(text: string, from: number): string | undefined {
  const isComment = text[from] === '#';
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\n') return text.slice(from, at + 1);
    if (text[at] === '\\' && !isComment) at += 1;
  }
  return undefined;
}

function parsed(raw: string): Line {
  const at = raw.indexOf('=');
  if (raw.startsWith('#') || at < 1) return { raw };
  return { raw, name: raw.slice(0, at), value: raw.slice(at + 1, -1).replaceAll(/\\([^])/g, '$1') };
}

function escaped(value: string): string {
  return value.replaceAll(/[\\\n]/g, found => `\\${found}`);
}
