/** Whether roots follow each other as devices demand: each signed by its own keys and by those of the one before (TUF 5.3). */
import { SignerError } from '../signer-error.ts';
import { countSignatures, rootAuthority } from '../tuf/authority.ts';
import { type Envelope, type RootSigned, signedBytes } from '../tuf/metadata.ts';

/** @param trusted where given, one of them must be this very root @throws SignerError `payload-invalid` */
export function checkRoots(roots: readonly Envelope<RootSigned>[], trusted?: Envelope<RootSigned>): void {
  for (const [i, root] of roots.entries()) {
    const before = roots[i - 1]?.signed;
    const by = [root.signed, ...(before ? [before] : [])].map(signed => rootAuthority(signed, 'root'));
    const { version } = root.signed;
    if (countSignatures(root, by).missing > 0) throw broken(`root ${version} is not signed by those who may sign it`);
    if (before && version !== before.version + 1) throw broken(`root ${version} follows root ${before.version}`);
  }
  if (!trusted) return;
  const same = roots.find(root => root.signed.version === trusted.signed.version);
  if (same && signedBytes(same.signed).equals(signedBytes(trusted.signed))) return;
  throw broken(`they do not lead on from the root ${trusted.signed.version} that is trusted here`);
}

function broken(why: string): SignerError {
  return new SignerError(
    'payload-invalid',
    `The roots in the payload cannot be believed: ${why}. Sign nothing from it.`,
  );
}
