/** Packages that only some need: found at run time where they are installed, and named where not. */
import { SignerError } from '../signer-error.ts';

/** @throws SignerError `key-tool-missing` */
export async function optionalPackage<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new SignerError('key-tool-missing', `This key needs the package ${name}: npm install ${name}`, { cause });
  }
}
