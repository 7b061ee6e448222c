/** Where a role stands: what is in force, and what waits for signatures. Names lists by the hash of what is signed. */
import { current, draft, readList } from '../store/store.ts';
import { countSignatures } from '../tuf/authority.ts';
import { parseFor } from '../tuf/parse.ts';
import { metadataFile } from '../tuf/role.ts';
import { SignerError } from '../signer-error.ts';
import { binding, groundOf, rulesFor } from './ground.ts';
import type { Editing } from './next-list.ts';
import { payloadHash } from './signature.ts';

export interface RoleStanding {
  /** Of the newest complete list; 0 before the first. */
  readonly version: number;
  /** What the list of the asked version signs, where that list is complete. */
  readonly completed: string | undefined;
  readonly draft: { readonly payloadSha256: string; readonly missing: number } | undefined;
}

/** @param version the list to be looked for among the complete ones */
export async function standingOf({ store, keys }: Editing, role: string, version: number): Promise<RoleStanding> {
  const parse = parseFor(role);
  const inForce = await current(store, role, parse);
  const completed = await readList(store, role, metadataFile(role, version), parse);
  const pending = await draft(store, role, parse).catch(staleAsNone);
  return {
    version: inForce?.signed.version ?? 0,
    completed: completed && payloadHash(completed.signed),
    draft: pending && {
      payloadSha256: payloadHash(pending.signed),
      missing: countSignatures(pending, binding(rulesFor(await groundOf(store, role), pending.signed, keys))).missing,
    },
  };
}

/** A draft that was overtaken waits for nothing any more. */
function staleAsNone(error: unknown): undefined {
  if (error instanceof SignerError && error.code === 'draft-stale') return undefined;
  throw error;
}
