/**
 * A signature covers every field of a list, also those that this program does not know: such a list is not signed, since
 * nobody could be told what it says.
 */
import { canonicalize } from '@tufjs/canonical-json';
import { Value } from 'typebox/value';
import { SignerError } from '../signer-error.ts';
import { isRoot, RootSigned, type Signed, TargetsSigned } from '../tuf/metadata.ts';

/** @throws SignerError `metadata-invalid` */
export function checkKnownFields(role: string, signed: Signed): void {
  const known: unknown = Value.Clean(isRoot(signed) ? RootSigned : TargetsSigned, structuredClone(signed));
  if (canonicalize(known) === canonicalize(signed)) return;
  throw new SignerError(
    'metadata-invalid',
    `The draft of ${role} has a field that this program does not know, so it cannot say what would be signed.`,
  );
}
