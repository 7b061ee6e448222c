/** PKCS #11 URIs (RFC 7512): which token, which key on it, by which module, and where the PIN is. Pure. */
import { isAbsolute } from 'node:path';
import { SignerError } from '../signer-error.ts';
import { decoded, onlyValue, uriParts } from './uri-parts.ts';

/** What a token must be; what is not said fits any. */
export interface TokenWanted {
  readonly token?: string | undefined;
  readonly manufacturer?: string | undefined;
  readonly model?: string | undefined;
  readonly serial?: string | undefined;
}

export interface Pkcs11Uri {
  readonly token: TokenWanted;
  /** The key's label. */
  readonly object: string | undefined;
  /** The key's CKA_ID in lowercase hex. */
  readonly idHex: string | undefined;
  readonly modulePath: string | undefined;
  /** The file that holds the PIN. */
  readonly pinFile: string | undefined;
  /** Variables that the module needs beside the usual. */
  readonly envNames: readonly string[];
}

const PATH_NAMES = ['token', 'manufacturer', 'model', 'serial', 'object', 'id', 'type'];

/** @param rest the URI without `pkcs11:` @throws SignerError `key-uri-invalid` */
export function parsePkcs11Uri(rest: string): Pkcs11Uri {
  const mark = rest.indexOf('?');
  const path = pathOf(mark < 0 ? rest : rest.slice(0, mark));
  const text = (name: string) => (path.has(name) ? decoded(path.get(name) ?? '') : undefined);
  const object = text('object');
  const idHex = path.has('id') ? hexOf(path.get('id') ?? '') : undefined;
  if (object === undefined && idHex === undefined) throw invalid('names no key: it needs object= or id=');
  if (!['private', undefined].includes(text('type'))) throw invalid('names something else than a private key');
  return {
    token: { token: text('token'), manufacturer: text('manufacturer'), model: text('model'), serial: text('serial') },
    object,
    idHex,
    ...queryOf(mark < 0 ? '' : rest.slice(mark)),
  };
}

function pathOf(path: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const pair of path.split(';').filter(part => part !== '')) {
    const equals = pair.indexOf('=');
    const name = pair.slice(0, Math.max(equals, 0));
    if (!PATH_NAMES.includes(name)) throw invalid(`says "${pair}"; known are ${PATH_NAMES.join(', ')}`);
    // RFC 7512, 2.3: no attribute more than once.
    if (attributes.has(name)) throw invalid(`says ${name} twice`);
    attributes.set(name, pair.slice(equals + 1));
  }
  return attributes;
}

function queryOf(query: string): Pick<Pkcs11Uri, 'modulePath' | 'pinFile' | 'envNames'> {
  const parts = uriParts('pkcs11', query, ['module-path', 'pin-source', 'pin-value', 'x-env']);
  if (parts.query.has('pin-value')) {
    throw invalid('has the PIN in it, where others read it: use pin-source=file:/path, or TIDEGATE_PIN');
  }
  const modulePath = onlyValue(parts, 'module-path');
  if (modulePath !== undefined && !isAbsolute(modulePath)) throw invalid('needs an absolute module-path');
  const pinFile = onlyValue(parts, 'pin-source')?.replace(/^file:(\/\/(?=\/))?/, '');
  if (pinFile !== undefined && !isAbsolute(pinFile)) throw invalid('takes pin-source=file:/path only');
  return { modulePath, pinFile, envNames: parts.query.get('x-env') ?? [] };
}

/** An id is bytes: percent-encoded, or characters that stand for themselves. */
function hexOf(text: string): string {
  if (/%(?![0-9A-Fa-f]{2})/.test(text) || text === '') throw invalid('has an id that is not well percent-encoded');
  const latin1 = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(latin1, 'latin1').toString('hex');
}

function invalid(why: string): SignerError {
  return new SignerError('key-uri-invalid', `The pkcs11 URI ${why}.`);
}
