/**
 * When each timed job was last done, by whichever process and on whose word. Kept in the database, which the jobs need
 * anyway: whatever is wrong with the queue (gone, hung, emptied, full), it shows here, and only here is it judged.
 */
import { sql } from 'kysely';
import type { Db } from '../deps.ts';

export async function noteRun(db: Db, job: string): Promise<void> {
  await sql`update job_pulses set ran_at = clock_timestamp() where job = ${job}`.execute(db);
}

/** True for one process only, and only where nobody has done it for so long: that one is to do it now. */
export async function claimOverdue(db: Db, job: string, overdueMs: number): Promise<boolean> {
  const result = await sql`
    update job_pulses set ran_at = clock_timestamp()
    where job = ${job} and ran_at < clock_timestamp() - ${overdueMs} * interval '1 millisecond'`.execute(db);
  return (result.numAffectedRows ?? 0n) > 0n;
}
