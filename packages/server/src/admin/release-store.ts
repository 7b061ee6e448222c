/** Published releases as operators see them. */
import type { ReleaseView } from '@tidegate/protocol';
import type { Db } from '../deps.ts';

export async function listReleases(
  db: Db,
  product: string | undefined,
  after: string,
  limit: number,
): Promise<ReleaseView[]> {
  let query = db.selectFrom('releases').selectAll().where('target', '>', after).orderBy('target').limit(limit);
  if (product !== undefined) query = query.where('product', '=', product);
  return (await query.execute()).map(r => ({
    target: r.target,
    product: r.product,
    channel: r.channel,
    component: r.component,
    version: r.version,
    counter: r.counter,
    class: r.class,
    hardware: r.hardware,
    lengthBytes: r.length_bytes,
    sha256: r.sha256,
    publishedAt: r.published_at.toISOString(),
    withdrawn: r.withdrawn_at !== null,
  }));
}
