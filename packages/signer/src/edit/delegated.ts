/** Whether a product's channel is given to keys at all. */
import { channelPaths } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import { newestTargets, type Store } from '../store/store.ts';

/** @throws SignerError `role-unknown`, also where the role's name belongs to another product */
export async function checkDelegated(store: Store, role: string, product: string, channel: string): Promise<void> {
  const roles = (await newestTargets(store, 'targets'))?.delegations?.roles ?? [];
  const found = roles.find(r => r.name === role);
  if (found?.paths.join() === channelPaths(product, channel).join()) return;
  throw new SignerError(
    'role-unknown',
    `Nobody may sign ${channel} of ${product} yet. Run "tidegate-signer delegate add --product ${product} --channel ${channel} …" first.`,
  );
}
