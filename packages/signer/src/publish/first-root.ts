/** The root that devices are given at birth, unless somebody says otherwise. */
import { SignerError } from '../signer-error.ts';
import { readList, type Store, versionsOf } from '../store/store.ts';
import { parseRoot } from '../tuf/parse.ts';
import { metadataFile } from '../tuf/role.ts';

/** @throws SignerError `role-unsigned` */
export async function firstRoot(store: Store): Promise<Uint8Array> {
  const [first] = await versionsOf(store, 'root');
  const root = first === undefined ? undefined : await readList(store, 'root', metadataFile('root', first), parseRoot);
  if (!root)
    throw new SignerError(
      'role-unsigned',
      'The root is not signed yet. Sign it first: tidegate-signer sign root --key …',
    );
  return root.bytes;
}
