/** The name of a key is that of its file. */
import { basename } from 'node:path';
import { NAME_PATTERN } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';

const pattern = new RegExp(NAME_PATTERN);

/** @throws SignerError `name-invalid` */
export function keyName(path: string): string {
  const name = basename(path, '.json');
  if (pattern.test(name)) return name;
  throw new SignerError(
    'name-invalid',
    `"${name}" is no name for a key: use lowercase letters, digits and -, 32 at most.`,
  );
}

/** How files of public halves end, so that they can lie beside key files. */
export const PUBLIC_SUFFIX = '.pub.json';
