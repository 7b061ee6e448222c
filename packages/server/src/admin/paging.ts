/** Pages of a list by the last key seen: stable while rows come and go, and as fast at the end as at the start. */
import { LIMITS } from '@tidegate/protocol';
import { Type } from 'typebox';

export const pageQuery = {
  after: Type.Optional(Type.String({ maxLength: LIMITS.detailChars })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
};

const DEFAULT_LIMIT = 100;

/** @param load gets one more than the page holds: that is how a next page is known. */
export async function pageOf<T>(
  query: { after?: string; limit?: number },
  keyOf: (item: T) => string,
  load: (after: string, limit: number) => Promise<T[]>,
): Promise<{ items: T[]; next: string | null }> {
  const limit = query.limit ?? DEFAULT_LIMIT;
  const rows = await load(query.after ?? '', limit + 1);
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last ? keyOf(last) : null };
}
