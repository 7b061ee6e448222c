/**
 * `env:NAME`: a key file's text in a variable of the environment, as CI keeps its secrets; as it is, or in base64. The
 * passphrase stands in another variable. Not for root and targets: `policy/custody-policy.ts`.
 */
import { SignerError } from '../signer-error.ts';
import type { OpenKey } from './custody.ts';
import { keyDocument } from './key-document.ts';
import { unsealKey } from './key-file.ts';

const TEXT_CHARS = 32 * 1024;

export const openEnvKey: OpenKey = async (name, { env, secret }) => {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)) {
    throw new SignerError('key-uri-invalid', `env: takes the name of a variable.`);
  }
  const text = env[name]?.trim() ?? '';
  if (text === '')
    throw new SignerError('key-not-found', `The variable ${name} is not set; it should hold a key file.`);
  if (text.length > TEXT_CHARS)
    throw new SignerError('key-file-invalid', `The variable ${name} is too long for a key.`);
  const plain = text.startsWith('{') ? text : Buffer.from(text, 'base64').toString('utf8');
  const file = keyDocument(plain, `The variable ${name}`);
  if (!('sealed' in file)) {
    throw new SignerError('key-file-invalid', `The variable ${name} holds a key reference, not a key.`);
  }
  return unsealKey(file, await secret({ kind: 'passphrase', of: `env:${name}` }), 'env');
};
