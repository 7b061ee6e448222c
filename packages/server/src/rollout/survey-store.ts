/** How far the survey of a large fleet has come, kept in the database: the next tick may be another process's. */
import type { Db } from '../deps.ts';

export interface SurveyProgress {
  /** The last device that was looked at, in the order of ids. */
  readonly after: string;
  /** Some device before it was due. */
  readonly due: boolean;
  /** Some device before it is eligible, and lies outside the open share. */
  readonly moreBeyond: boolean;
}

/** @param openedAt of the phase: what was seen under another opening says nothing of this one */
export async function surveyProgress(db: Db, rolloutId: string, openedAt: Date): Promise<SurveyProgress | undefined> {
  const row = await db
    .selectFrom('rollout_surveys')
    .select(['after_device', 'due', 'more_beyond'])
    .where('rollout_id', '=', rolloutId)
    .where('opened_at', '=', openedAt)
    .executeTakeFirst();
  return row && { after: row.after_device, due: row.due, moreBeyond: row.more_beyond };
}

export async function keepProgress(db: Db, rolloutId: string, openedAt: Date, now: SurveyProgress): Promise<void> {
  const row = { opened_at: openedAt, after_device: now.after, due: now.due, more_beyond: now.moreBeyond };
  await db
    .insertInto('rollout_surveys')
    .values({ rollout_id: rolloutId, ...row })
    .onConflict(oc => oc.column('rollout_id').doUpdateSet(row))
    .execute();
}

export async function forgetProgress(db: Db, rolloutId: string): Promise<void> {
  await db.deleteFrom('rollout_surveys').where('rollout_id', '=', rolloutId).execute();
}
