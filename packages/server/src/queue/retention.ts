/** What need not be kept: nonces that have expired, reports past their time. In bounded bites, so that no lock is long. */
import { sql } from 'kysely';
import type { Deps } from '../deps.ts';
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
      delete from reports where (device_id, id) in
        (select device_id, id from reports where received_at < ${oldest} order by received_at limit ${BITE})`.execute(
      db,
    );
    bite = Number(result.numAffectedRows ?? 0);
  }
  if (nonces.numDeletedRows > 0 || reports > 0) {
    log.debug({ nonces: Number(nonces.numDeletedRows), reports }, 'old rows were forgotten');
  }
}
