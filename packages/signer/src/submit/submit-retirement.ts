/** The end of a product's life, brought to the signing service list by list: each holder of a key retires what it signs. */
import type { RetireRequest } from '../edit/retire.ts';
import { SignerError } from '../signer-error.ts';
import { copyFrom, type ListWork, type MadeList, type SubmitTo, type Submitted, submitList } from './submit-list.ts';

export interface SubmittedRetirement {
  readonly lists: readonly Submitted<MadeList>[];
  /** Lists that are still to be retired, by other keys. */
  readonly othersSign: readonly string[];
}

/** @throws SignerError as `submitList` and `retire`; `key-not-in-role` where the key signs none of what is to be retired */
export async function submitRetirement(
  to: SubmitTo,
  { product, days }: Omit<RetireRequest, 'all'>,
): Promise<SubmittedRetirement> {
  const lists: Submitted<MadeList>[] = [];
  const refusals: { readonly role: string; readonly error: SignerError }[] = [];
  for (const role of await rolesAt(to, product)) {
    const make: ListWork<MadeList>['make'] = async repository => {
      const changed = (await repository.retire({ product, days })).some(d => d.role === role);
      return { role, changed, asked: { act: 'retire', ...(days !== undefined && { days }) } };
    };
    try {
      lists.push(await submitList(to, { product, make }));
    } catch (error) {
      if (!(error instanceof SignerError) || error.code !== 'key-not-in-role') throw error;
      refusals.push({ role, error });
    }
  }
  const [first] = refusals;
  if (lists.length === 0 && first) throw first.error;
  return { lists, othersSign: refusals.map(r => r.role) };
}

async function rolesAt(to: SubmitTo, product: string): Promise<readonly string[]> {
  await using copy = await copyFrom(to, product);
  if (copy.roles.length > 0) return copy.roles;
  throw new SignerError('role-unknown', `There is no channel of ${product}.`);
}
