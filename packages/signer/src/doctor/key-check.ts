/** The keys folder: every key file readable as what it is, and by its owner alone. No passphrase is asked for. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PUBLIC_SUFFIX } from '../keys/key-name.ts';
import { readKeyDocument } from '../keys/key-document.ts';
import { readPublicKeyFile } from '../keys/public-key-file.ts';
import { SignerError } from '../signer-error.ts';
import { type Diagnosis, error, orSound } from './diagnosis.ts';

export interface SeenKey {
  readonly path: string;
  readonly isPublic: boolean;
  /** Permission bits. */
  readonly mode: number;
  readonly fault: SignerError | undefined;
}

export async function seenKeys(dir: string): Promise<readonly SeenKey[]> {
  const names = (await readdir(dir).catch(() => [])).filter(name => name.endsWith('.json')).toSorted();
  return Promise.all(
    names.map(async name => {
      const path = join(dir, name);
      const isPublic = name.endsWith(PUBLIC_SUFFIX);
      const { mode } = await stat(path);
      return { path, isPublic, mode: mode & 0o777, fault: await faultOf(path, isPublic) };
    }),
  );
}

async function faultOf(path: string, isPublic: boolean): Promise<SignerError | undefined> {
  try {
    await (isPublic ? readPublicKeyFile(path) : readKeyDocument(path));
    return undefined;
  } catch (cause) {
    if (cause instanceof SignerError) return cause;
    throw cause;
  }
}

export function keyDiagnoses(keys: readonly SeenKey[]): readonly Diagnosis[] {
  const found = keys.flatMap(({ path, isPublic, mode, fault }) => [
    ...(fault
      ? [
          error('keys', {
            code: fault.code,
            path,
            message: fault.message,
            remedy:
              'Bring the file back from your copy; where there is none, the key is lost: see docs/key-ceremony.md.',
          }),
        ]
      : []),
    ...(!isPublic && (mode & 0o077) !== 0
      ? [
          error('keys', {
            code: 'key-open-to-others',
            path,
            message: `${path} can be read by other users of this machine: they could guess its passphrase at leisure.`,
            remedy: `chmod 600 ${path}; where others work on this machine, take the key for stolen.`,
          }),
        ]
      : []),
  ]);
  return orSound(found, 'keys', `${keys.length} key file(s), each readable as what it is.`);
}
