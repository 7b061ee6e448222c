/** Published releases as operators see them. */
import type { ReleaseView } from '@tidegate/protocol';
import type { Selectable } from 'kysely';
import type { ReleasesTable } from '../db/schema.ts';
import type { Db } from '../deps.ts';

export async function listReleases(
  db: Db,
  product: string | undefined,
  after: string,
  limit: number,
): Promise<ReleaseView[]> {
  let query = db.selectFrom('releases').selectAll().where('target', '>', after).orderBy('target').limit(limit);
  if (product !== undefined) query = query.where('product', '=', product);
  return (await query.execute()).map(releaseView);
}

export function releaseView(row: Selectable<ReleasesTable>): ReleaseView {
  return {
    target: row.target,
    product: row.product,
    channel: row.channel,
    component: row.component,
    version: row.version,
    counter: row.counter,
    class: row.class,
    hardware: row.hardware,
    minFromCounter: row.min_from_counter,
    lengthBytes: row.length_bytes,
    sha256: row.sha256,
    publishedAt: row.published_at.toISOString(),
    withdrawn: row.withdrawn_at !== null,
  };
}
