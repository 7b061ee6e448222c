/** A retired channel takes no more releases by accident: its last list is signed for years, and an edit would end that. */
import { RETIRED_FIELD } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';

/** @throws SignerError `role-retired` */
export function checkNotRetired(role: string, list: TargetsSigned): void {
  if (list[RETIRED_FIELD] !== true) return;
  throw new SignerError('role-retired', `${role} is retired. To take it into use again: tidegate-signer draft ${role}`);
}
