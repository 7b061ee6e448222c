/**
 * Knows when the server could hear devices, from the looks at its gates: whoever looks can write, and so could have
 * stored what a device said. A pause between two looks is a time in which no process could, whatever the cause: the
 * database was away, the servers were down, or its clock was set forward.
 */
import type { Db } from '../deps.ts';
import type { DeafSpell } from './deaf-spell.ts';

/** A shorter pause costs nobody anything: devices at work come every two minutes. */
const DEAF_FROM_MS = 120_000;
/** The longest pause that a device makes between two tries, and the time for the processes to write what waits. */
const RECOVERY_SECONDS = 3600 + 60;
/** No silence and no soak goes further back: each is 30 days at most. */
const REMEMBERED_MS = 90 * 86_400_000;

/**
 * Notes that the server hears now. Of many processes each may, at once.
 * @param pollSeconds how often devices come: a spell lasts until they had the time to
 */
export function noteHearing(db: Db, now: Date, pollSeconds: number): Promise<DeafSpell[]> {
  return db.transaction().execute(async tx => {
    const { heard_at } = await tx.selectFrom('hearing').select('heard_at').forUpdate().executeTakeFirstOrThrow();
    if (heard_at && now.getTime() - heard_at.getTime() > DEAF_FROM_MS) {
      const recoveryMs = Math.max(RECOVERY_SECONDS, 2 * pollSeconds) * 1000;
      await tx
        .insertInto('deaf_spells')
        .values({ from_at: heard_at, until_at: new Date(now.getTime() + recoveryMs) })
        .onConflict(oc => oc.doNothing())
        .execute();
      await tx
        .deleteFrom('deaf_spells')
        .where('until_at', '<', new Date(now.getTime() - REMEMBERED_MS))
        .execute();
    }
    await tx.updateTable('hearing').set({ heard_at: now }).execute();
    return deafSpells(tx);
  });
}

export async function deafSpells(db: Db): Promise<DeafSpell[]> {
  const rows = await db.selectFrom('deaf_spells').selectAll().execute();
  return rows.map(({ from_at: from, until_at: until }) => ({ from, until }));
}
