/** A key that is named to be taken away: by its name, its id, or the beginning of its id. */
import { SignerError } from '../signer-error.ts';
import type { KnownKey } from '../store/config.ts';

const SHORTEST = /^[0-9a-f]{8,64}$/;

/** @throws SignerError `key-unknown` where none or several are meant */
export function findKeyId(text: string, known: readonly KnownKey[]): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  const found = known.filter(k => k.name === text || (SHORTEST.test(text) && k.keyid.startsWith(text)));
  const ids = new Set(found.map(k => k.keyid));
  const [keyid] = ids;
  if (keyid !== undefined && ids.size === 1) return keyid;
  throw new SignerError(
    'key-unknown',
    ids.size === 0
      ? `No key ${text} is known here. "tidegate-signer key list" shows the ids.`
      : `${text} may be ${[...ids].join(' or ')}. Give the whole id.`,
  );
}
