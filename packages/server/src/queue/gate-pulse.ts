/**
 * When the gates were last ticked, by whichever process and on whose word. Kept in the database, which the gates need
 * anyway: whatever is wrong with the queue (gone, hung, emptied, full), it shows here, and only here is it judged.
 */
import { sql } from 'kysely';
import type { Db } from '../deps.ts';

export async function noteTick(db: Db): Promise<void> {
  await sql`update gate_pulse set ticked_at = clock_timestamp()`.execute(db);
}

/** True for one process only, and only where nobody has ticked for so long: that one is to tick now. */
export async function claimOverdueTick(db: Db, overdueMs: number): Promise<boolean> {
  const result = await sql`
    update gate_pulse set ticked_at = clock_timestamp()
    where ticked_at < clock_timestamp() - ${overdueMs} * interval '1 millisecond'`.execute(db);
  return (result.numAffectedRows ?? 0n) > 0n;
}
