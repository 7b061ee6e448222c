/** Which days of reports have a table of their own. A day is one of UTC. Pure. */

/** So long the timed work may fail before reports come for a day that was not made. */
const DAYS_AHEAD = 7;
const DAY_MS = 86_400_000;
const NAME = /^reports_(\d{4})(\d\d)(\d\d)$/;

export interface DayPartition {
  readonly name: string;
  /** From this moment on. */
  readonly from: Date;
  /** Before this moment. */
  readonly to: Date;
}

export interface PartitionPlan {
  readonly make: readonly DayPartition[];
  readonly drop: readonly DayPartition[];
}

export function dayOf(time: Date): DayPartition {
  const from = new Date(Math.floor(time.getTime() / DAY_MS) * DAY_MS);
  const name = `reports_${from.toISOString().slice(0, 10).replaceAll('-', '')}`;
  return { name, from, to: new Date(from.getTime() + DAY_MS) };
}

/** @returns undefined where the name is not one that `dayOf` gives: somebody else's table, which is left alone */
export function parseDay(name: string): DayPartition | undefined {
  const [, year, month, day] = NAME.exec(name) ?? [];
  const from = new Date(`${year}-${month}-${day}T00:00:00Z`);
  if (Number.isNaN(from.getTime())) return undefined;
  const parsed = dayOf(from);
  return parsed.name === name ? parsed : undefined;
}

/** @param existing names of tables. A day is dropped once its last moment is older than what is kept. */
export function planPartitions(existing: readonly string[], now: Date, retentionDays: number): PartitionPlan {
  const oldest = now.getTime() - retentionDays * DAY_MS;
  const days = Array.from({ length: DAYS_AHEAD + 1 }, (_, i) => dayOf(new Date(now.getTime() + i * DAY_MS)));
  return {
    make: days.filter(d => !existing.includes(d.name)),
    drop: existing.flatMap(name => parseDay(name) ?? []).filter(d => d.to.getTime() <= oldest),
  };
}
