/** The history of a rollout. Of the gate's decisions a rule's first word is stored, not each tick at which it says the same again. */
import type { GateDecision, OperatorAction, RolloutCounts } from '@tidegate/protocol';
import { sql } from 'kysely';
import type { Db } from '../deps.ts';
import { NO_COUNTS } from '../reports/transition.ts';
import { countsOfRollouts } from './counts-store.ts';
import type { GateVerdict } from './gate.ts';

const DECISIONS_SHOWN = 100;

export interface LastDecision {
  readonly phase: number;
  readonly action: string;
  readonly kind: string;
}

/** Whether a decision differs from the last one in phase, action or rule. Pure. */
export function isNews(last: LastDecision | undefined, phase: number, verdict: GateVerdict): boolean {
  // A search that goes on over many ticks would else stand between each two words of the other rules.
  const saysNothingNew = last?.kind === verdict.kind || verdict.kind === 'surveying';
  return last?.phase !== phase || last.action !== verdict.action || !saysNothingNew;
}

export async function storeDecision(
  db: Db,
  rollout: { readonly id: string; readonly open_phase: number },
  verdict: GateVerdict,
  counts: RolloutCounts,
  now: Date,
): Promise<void> {
  await db
    .insertInto('gate_decisions')
    .values({ rollout_id: rollout.id, at: now, phase: rollout.open_phase, ...verdict, counts: JSON.stringify(counts) })
    .execute();
}

/** The last decision of each rollout that has any, by rollout id. */
export async function lastDecisions(db: Db, rolloutIds: readonly string[]): Promise<Map<string, LastDecision>> {
  const { rows } = await sql<LastDecision & { id: string }>`
    select r.id, phase, action, kind from unnest(${rolloutIds}::text[]) as r (id)
    cross join lateral (
      select phase, action, kind from gate_decisions where rollout_id = r.id order by id desc limit 1
    ) as last`.execute(db);
  return new Map(rows.map(row => [row.id, row]));
}

/** What an operator did to the rollout, told in its history beside the gate's own words. */
export async function storeAct(
  db: Db,
  rollout: { readonly id: string; readonly open_phase: number },
  action: OperatorAction,
  by: string,
  now: Date,
): Promise<void> {
  const counts = (await countsOfRollouts(db, [rollout.id])).get(rollout.id)?.get(rollout.open_phase) ?? NO_COUNTS;
  await db
    .insertInto('gate_decisions')
    .values({
      rollout_id: rollout.id,
      at: now,
      phase: rollout.open_phase,
      action,
      kind: 'operator',
      reason: `by ${by}`,
      counts: JSON.stringify(counts),
    })
    .execute();
}

/** The last decisions of each rollout, oldest first, by rollout id. */
export async function decisionsOf(db: Db, rolloutIds: readonly string[]): Promise<Map<string, GateDecision[]>> {
  const found = new Map<string, GateDecision[]>(rolloutIds.map(id => [id, []]));
  if (rolloutIds.length === 0) return found;
  const rows = await db
    .selectFrom(
      db
        .selectFrom('gate_decisions')
        .selectAll()
        .select(sql<number>`row_number() over (partition by rollout_id order by id desc)`.as('age'))
        .where('rollout_id', 'in', rolloutIds)
        .as('d'),
    )
    .selectAll()
    .where('age', '<=', DECISIONS_SHOWN)
    .orderBy('id')
    .execute();
  for (const { rollout_id, at, phase, action, reason, counts } of rows) {
    found.get(rollout_id)?.push({ at: at.toISOString(), phase, action, reason, counts });
  }
  return found;
}
