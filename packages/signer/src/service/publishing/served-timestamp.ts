/**
 * The version of the timestamp that devices get now, where our own key signed it: another publisher with the same keys,
 * or this repository before it was brought back from an older copy. What others signed is no word to go by.
 */
import { LIMITS } from '@tidegate/protocol';
import { servedTimestamp } from '../../publish/publications-api.ts';
import { governingRoot, type Store } from '../../store/store.ts';
import { countSignatures, rootAuthority } from '../../tuf/authority.ts';
import { parseTimestamp } from '../../tuf/parse.ts';

/** @returns 0 where it is not ours @throws SignerError `network`, `server-refused`, `metadata-invalid` */
export async function ourServedVersion(store: Store, readBackUrl: string): Promise<number> {
  const envelope = parseTimestamp(await servedTimestamp(readBackUrl, LIMITS.timestampBytes), 'the served timestamp');
  const authority = rootAuthority(await governingRoot(store), 'timestamp');
  return countSignatures(envelope, [authority]).missing === 0 ? envelope.signed.version : 0;
}
