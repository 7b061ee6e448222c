/**
 * Keys by what they are, however they are written: a client that reads several writings of one key counts its signatures
 * under each id, and one holder meets a threshold of two.
 */
import { createPublicKey } from 'node:crypto';
import type { Finding } from './finding.ts';
import type { LintedFile } from './lint-facts.ts';

const REMEDY = 'Find out who put it there. Take one of the two ids out of the list before anything is signed under it.';

/** Over files as they are, also those that this program would not accept. */
export function keyFindings(files: readonly LintedFile[]): Finding[] {
  const idsOf = new Map<string, { id: string; role: string }>();
  const findings: Finding[] = [];
  for (const { role, file, bytes } of files) {
    for (const [id, key] of keysIn(bytes)) {
      const material = materialOf(key);
      const other = material === undefined ? undefined : idsOf.get(material);
      if (material !== undefined && !other) idsOf.set(material, { id, role });
      if (!other || other.id === id) continue;
      const message = `${file} lists one key under two ids: ${id.slice(0, 16)} is ${other.id.slice(0, 16)} of ${other.role}, written in another way.`;
      findings.push({ code: 'key-twice', severity: 'error', role, message, remedy: REMEDY });
    }
  }
  return findings;
}

function keysIn(bytes: Uint8Array): [string, unknown][] {
  const signed = member(parsed(bytes), 'signed');
  return [member(signed, 'keys'), member(member(signed, 'delegations'), 'keys')].flatMap(keys =>
    typeof keys === 'object' && keys !== null ? Object.entries(keys) : [],
  );
}

/** The key's own bytes in one writing; undefined for what is no key that can be read. */
function materialOf(key: unknown): string | undefined {
  const text = member(member(key, 'keyval'), 'public');
  if (typeof text !== 'string' || text.length > 5000) return undefined;
  if (/^[0-9a-fA-F]{64}$/.test(text)) return `Ed25519 ${Buffer.from(text, 'hex').toString('base64url')}`;
  try {
    const isHex = /^([0-9a-fA-F]{2})+$/.test(text);
    const { crv, x, y } = createPublicKey(
      isHex ? { key: Buffer.from(text, 'hex'), format: 'der', type: 'spki' } : text,
    ).export({ format: 'jwk' });
    return x === undefined ? undefined : [crv, x, y].filter(part => part !== undefined).join(' ');
  } catch {
    return undefined;
  }
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
