/**
 * A list that promises its owners less support than the published one needs two people. Whose a key is, TUF does not say:
 * what can be judged here is that no one key alone did it. The signer and the signing service, which know the people, ask
 * for two of them. Pure.
 */
import { promisedIn, promisesLess } from '@tidegate/protocol';
import type { Metadata, Root, Targets } from '@tufjs/models';
import { invalid, signerCount } from './read-metadata.ts';

const SIGNERS_TO_SHORTEN = 2;

/** @throws ServerError metadata-invalid */
export function mustKeepPromise(
  { delegator, role }: { readonly delegator: Metadata<Root | Targets>; readonly role: string },
  file: string,
  next: Metadata<Targets>,
  before: Metadata<Targets> | undefined,
): void {
  if (!before) return;
  const [was, is] = [promisedIn(before.signed.targets), promisedIn(next.signed.targets)];
  if (!promisesLess(was, is) || signerCount(delegator, role, next) >= SIGNERS_TO_SHORTEN) return;
  throw invalid(
    file,
    `promises support until ${is?.supportEnds ?? 'no day at all'}, less than before (${was?.supportEnds}), by one signature: it takes two people`,
  );
}
