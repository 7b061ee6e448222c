/**
 * What need not be kept: nonces that have expired, reports past their time. These go by whole days; the few that came for
 * a day that was not made go in bounded bites, so that no lock is long.
 */
import { sql } from 'kysely';
import type { Deps } from '../deps.ts';
import { keepPartitions } from '../reports/partition-store.ts';
import type { RolloutConfig } from '../rollout/rollout-config.ts';

const BITE = 5000;
const DAY_MS = 86_400_000;

export async function forgetOld({
  db,
  clock,
  log,
  config,
}: Deps & { readonly config: Pick<RolloutConfig, 'reportRetentionDays'> }): Promise<void> {
  const now = clock.now();
  const nonces = await db.deleteFrom('used_nonces').where('expires_at', '<', now).executeTakeFirst();
  const oldest = new Date(now.getTime() - config.reportRetentionDays * DAY_MS);
  let reports = 0;
  for (let bite = BITE; bite === BITE; reports += bite) {
    const result = await sql`
      delete from reports_default where (device_id, id, received_at) in
        (select device_id, id, received_at from reports_default where received_at < ${oldest} limit ${BITE})`.execute(
      db,
    );
    bite = Number(result.numAffectedRows ?? 0);
  }
  const days = await keepPartitions(db, now, config.reportRetentionDays);
  if (nonces.numDeletedRows > 0 || reports > 0 || days.length > 0) {
    log.debug({ nonces: Number(nonces.numDeletedRows), reports, days }, 'old rows were forgotten');
  }
}
