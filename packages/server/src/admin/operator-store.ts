/** API tokens: found by the SHA-256 of 32 random bytes, so that neither timing nor a stolen database gives one away. */
import { hash, randomBytes } from 'node:crypto';
import type { OperatorRole } from '@tidegate/protocol';
import type { Db } from '../deps.ts';
import type { RequestOperator } from '../http/request-identity.ts';

const PREFIX = 'tgat_';

export async function findOperator(db: Db, token: string): Promise<RequestOperator | undefined> {
  return await db
    .selectFrom('api_tokens')
    .select(['id', 'name', 'role'])
    .where('token_hash', '=', hashOf(token))
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
}

/** The only time that the token is seen. */
export async function addApiToken(
  db: Db,
  { name, role }: { name: string; role: OperatorRole },
  now: Date,
): Promise<{ id: string; token: string }> {
  const id = randomBytes(16).toString('hex');
  const token = PREFIX + randomBytes(32).toString('base64url');
  await insertApiToken(db, { id, name, role, token }, now);
  return { id, token };
}

export async function insertApiToken(
  db: Db,
  { id, name, role, token }: { id: string; name: string; role: OperatorRole; token: string },
  now: Date,
): Promise<void> {
  await db
    .insertInto('api_tokens')
    .values({ id, name, role, token_hash: hashOf(token), created_at: now })
    .onConflict(oc => oc.column('token_hash').doNothing())
    .execute();
}

export async function hasApiTokens(db: Db): Promise<boolean> {
  return (await db.selectFrom('api_tokens').select('id').limit(1).executeTakeFirst()) !== undefined;
}

function hashOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
