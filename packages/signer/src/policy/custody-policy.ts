/** Which places are not good enough for which roles. */
import type { CustodyName } from '../keys/custody.ts';
import { SignerError } from '../signer-error.ts';

/** Whoever can read a build's environment must not hold what all trust hangs on. @throws SignerError `custody-refused` */
export function checkCustody(role: string, custody: CustodyName | undefined): void {
  if (custody === 'env' && (role === 'root' || role === 'targets')) {
    throw new SignerError(
      'custody-refused',
      `A key in an environment variable does not sign ${role}: use an encrypted file, a token or a key service.`,
    );
  }
}
