/** API tokens: found by the SHA-256 of 32 random bytes, so that neither timing nor a stolen database gives one away. */
import { hash, randomBytes } from 'node:crypto';
import type { ApiTokenView, OperatorRole } from '@tidegate/protocol';
import type { Selectable } from 'kysely';
import type { ApiTokensTable } from '../db/schema.ts';
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

/** By id, revoked ones included. */
export async function listApiTokens(db: Db, after: string, limit: number): Promise<ApiTokenView[]> {
  const rows = await db
    .selectFrom('api_tokens')
    .selectAll()
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(toView);
}

/**
 * From now on the token lets nobody in. Doing it again changes nothing. The last admin's stays, or nobody could make
 * tokens any more.
 */
export async function revokeApiToken(db: Db, id: string, now: Date): Promise<ApiTokenView | 'unknown' | 'last-admin'> {
  return await db.transaction().execute(async tx => {
    // All admins' rows are locked in one order, so that of two revocations at once the second sees the first.
    const admins = await tx
      .selectFrom('api_tokens')
      .select('id')
      .where('role', '=', 'admin')
      .where('revoked_at', 'is', null)
      .orderBy('id')
      .forUpdate()
      .execute();
    if (admins.length === 1 && admins[0]?.id === id) return 'last-admin';
    await tx
      .updateTable('api_tokens')
      .set({ revoked_at: now })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .execute();
    const row = await tx.selectFrom('api_tokens').selectAll().where('id', '=', id).executeTakeFirst();
    return row ? toView(row) : 'unknown';
  });
}

function toView({ id, name, role, created_at, revoked_at }: Selectable<ApiTokensTable>): ApiTokenView {
  return { id, name, role, createdAt: created_at.toISOString(), revokedAt: revoked_at?.toISOString() ?? null };
}

export async function hasApiTokens(db: Db): Promise<boolean> {
  return (await db.selectFrom('api_tokens').select('id').limit(1).executeTakeFirst()) !== undefined;
}

function hashOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
