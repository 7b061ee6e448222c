/** The root that devices are given at birth, unless somebody says otherwise. */
import { requireList } from '../edit/named-lists.ts';
import { readList, type Store, versionsOf } from '../store/store.ts';
import { parseRoot } from '../tuf/parse.ts';
import { metadataFile } from '../tuf/role.ts';

/** @throws SignerError `role-unsigned` */
export async function firstRoot(store: Store): Promise<Uint8Array> {
  const [first] = await versionsOf(store, 'root');
  const root = first === undefined ? undefined : await readList(store, 'root', metadataFile('root', first), parseRoot);
  return requireList('root', root).bytes;
}
