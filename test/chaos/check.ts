/** Compares what devices sent and were told with what the database holds. Each fault in a sentence; none is the goal. */
import { type Db, recounted } from './recount.ts';
import type { Ledger } from './ledger.ts';

export interface Watched {
  /** Ran to its end. */
  readonly installed: string;
  readonly phases: number;
  /** Was stopped. */
  readonly stopped: string;
  /** When the stop was acknowledged. */
  readonly stoppedAt: number;
}

/** A stop has reached every process. */
export const STOP_MS = 1000;

export async function findFaults(db: Db, ledger: Ledger, watched: Watched): Promise<string[]> {
  return [
    ...(await lostOrInvented(db, ledger)),
    ...(await recounted(db)),
    ...(await offersNotWritten(db, ledger)),
    ...(await outcomesNotTold(db, ledger)),
    ...offersPastStop(ledger, watched),
    ...(await gateFaults(db, watched)),
  ];
}

async function lostOrInvented(db: Db, ledger: Ledger): Promise<string[]> {
  const rows = await db.selectFrom('reports').select(['id', 'device_id', 'state']).execute();
  const stored = new Map(rows.map(r => [r.id, r]));
  const lost = [...ledger.reports].flatMap(([id, { report, acknowledged }]) =>
    acknowledged && !stored.has(id) ? [`the report ${id} (${report.state}) was acknowledged and is lost`] : [],
  );
  const strange = rows.flatMap(row => {
    const sent = ledger.reports.get(row.id);
    return sent?.deviceId === row.device_id && sent.report.state === row.state
      ? []
      : [`the report ${row.id} (${row.state}) is stored and was sent by nobody`];
  });
  return [...lost, ...strange];
}

async function offersNotWritten(db: Db, ledger: Ledger): Promise<string[]> {
  const rows = await db.selectFrom('attempts').select(['rollout_id', 'device_id', 'attempt']).execute();
  const written = new Set(rows.map(r => `${r.rollout_id} ${r.device_id} ${r.attempt}`));
  return ledger.offers.flatMap(({ deviceId, offer }) =>
    written.has(`${offer.rolloutId} ${deviceId} ${offer.attempt}`)
      ? []
      : [`${deviceId} was offered ${offer.rolloutId}, and no attempt is stored`],
  );
}

/** Each attempt ends as its device said, and only if it said so. */
async function outcomesNotTold(db: Db, ledger: Ledger): Promise<string[]> {
  const told = new Map<string, { state: string; acknowledged: boolean }>();
  for (const { deviceId, report, acknowledged } of ledger.reports.values()) {
    if (report.state !== 'verified' && report.state !== 'failed') continue;
    told.set(`${report.rolloutId} ${deviceId}`, { state: report.state, acknowledged });
  }
  const rows = await db.selectFrom('attempts').select(['rollout_id', 'device_id', 'state', 'outcome']).execute();
  return rows.flatMap(row => {
    const word = told.get(`${row.rollout_id} ${row.device_id}`);
    const isEnded = row.outcome !== null;
    if (word?.acknowledged ? row.state === word.state && isEnded : !isEnded || row.state === word?.state) return [];
    return [
      `the attempt of ${row.device_id} is ${row.state}, and the device said ${word?.state ?? 'nothing of an end'}`,
    ];
  });
}

function offersPastStop(ledger: Ledger, { stopped, stoppedAt }: Watched): string[] {
  return ledger.offers.flatMap(({ deviceId, offer, server, askedAt }) =>
    offer.rolloutId === stopped && askedAt > stoppedAt + STOP_MS
      ? [`${server} offered to ${deviceId} ${Math.round(askedAt - stoppedAt)} ms after the stop`]
      : [],
  );
}

/** One word of the gate for each phase that opened, one for the end, none that halts. */
async function gateFaults(db: Db, { installed, phases }: Watched): Promise<string[]> {
  const rows = await db
    .selectFrom('gate_decisions')
    .select(['phase', 'action'])
    .where('rollout_id', '=', installed)
    .where('action', '!=', 'hold')
    .orderBy('id')
    .execute();
  const said = rows.map(r => `${r.action} ${r.phase}`).join(', ');
  const expected = Array.from({ length: phases }, (_, i) => `${i < phases - 1 ? 'advance' : 'complete'} ${i}`);
  return said === expected.join(', ') ? [] : [`the gate said «${said}» where «${expected.join(', ')}» is right`];
}
