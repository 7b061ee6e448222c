/** Where time comes from, and how it is written: RFC 3339 in UTC, whole seconds, as TUF asks (4.2.1). */
export type Clock = () => Date;

export const systemClock: Clock = () => new Date();

const DAY_MS = 86_400_000;

export function instant(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

export function daysAfter(date: Date, days: number): Date {
  return new Date(date.getTime() + days * DAY_MS);
}

export function daysUntil(text: string, now: Date): number {
  return (Date.parse(text) - now.getTime()) / DAY_MS;
}
