/** Whose keys are known on this machine: by the repository, where there is one, and by the files in the keys folder. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readPublicKey } from '../keys/key-document.ts';
import { PUBLIC_SUFFIX } from '../keys/key-name.ts';
import { readPublicKeyFile } from '../keys/public-key-file.ts';
import { knownKey, type PublicKey } from '../keys/signer.ts';
import { SignerError } from '../signer-error.ts';
import { hasConfig, type KnownKey, readConfig } from '../store/config.ts';
import type { Common } from './command.ts';
import { keysFolder } from './key-option.ts';

export interface KeyInFolder extends PublicKey {
  /** Whether the private half is there too. */
  readonly own: boolean;
}

/** Every key file and public key file of the keys folder; whatever else lies there, payloads say, is passed over. */
export async function keysInFolder(common: Common): Promise<KeyInFolder[]> {
  const dir = keysFolder(common);
  const files = (await readdir(dir).catch(() => [])).filter(name => name.endsWith('.json')).toSorted();
  const keys = await Promise.all(files.map(file => keyIn(join(dir, file))));
  return keys.filter(key => key !== undefined);
}

/** A damaged key is told of where it is used. */
async function keyIn(path: string): Promise<KeyInFolder | undefined> {
  const own = !path.endsWith(PUBLIC_SUFFIX);
  try {
    return { ...(await (own ? readPublicKey : readPublicKeyFile)(path)), own };
  } catch (error) {
    if (error instanceof SignerError) return undefined;
    throw error;
  }
}

export async function knownKeys(common: Common): Promise<KnownKey[]> {
  const noted = (await hasConfig(common.repo)) ? (await readConfig(common.repo)).keys : [];
  const inFolder = (await keysInFolder(common)).map(knownKey);
  return [...noted, ...inFolder.filter(key => !noted.some(n => n.keyid === key.keyid))];
}
