/**
 * Times in which the server could not hear devices: nobody is silent, and nothing soaks, by a time in which nothing
 * could be said. Pure.
 */

export interface DeafSpell {
  readonly from: Date;
  readonly until: Date;
}

/** A time to judge at, with what the server could not hear before it. */
export interface Moment {
  readonly now: Date;
  readonly deaf: readonly DeafSpell[];
}

/** The time since which the server could hear for so many seconds. @param spells in any order; they may overlap */
export function heardSince(now: Date, seconds: number, spells: readonly DeafSpell[]): Date {
  let [at, leftMs] = [now.getTime(), seconds * 1000];
  for (const { from, until } of latestFirst(spells)) {
    const heardMs = Math.max(0, at - until.getTime());
    if (heardMs >= leftMs) break;
    leftMs -= heardMs;
    at = Math.min(at, from.getTime());
  }
  return new Date(at - leftMs);
}

/** How many seconds between two times the server could not hear. */
export function deafSeconds(from: Date, now: Date, spells: readonly DeafSpell[]): number {
  let [at, deafMs] = [now.getTime(), 0];
  for (const spell of latestFirst(spells)) {
    const end = Math.min(at, spell.until.getTime());
    const begin = Math.max(from.getTime(), Math.min(end, spell.from.getTime()));
    deafMs += Math.max(0, end - begin);
    at = Math.min(at, begin);
  }
  return deafMs / 1000;
}

function latestFirst(spells: readonly DeafSpell[]): DeafSpell[] {
  return spells.toSorted((a, b) => b.from.getTime() - a.from.getTime());
}
