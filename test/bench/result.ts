/** What a benchmark prints: one JSON line, null where there is nothing to say. */
export interface BenchResult {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The same measure of what it is held against, in the same run. */
  readonly baseline: number | null;
  /** value / baseline */
  readonly ratio: number | null;
  readonly goal: string | null;
  readonly pass: boolean | null;
}

export function rounded(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 1000) / 1000;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
