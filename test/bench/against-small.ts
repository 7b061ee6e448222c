/** The time that an act takes in a large fleet, against the same in a small one. The two take turns, so that a noisy machine hits both alike. */
import { type BenchResult, median, rounded } from './result.ts';

export interface AgainstSmall {
  readonly name: string;
  /** Rounds that do not count, before those that do. */
  readonly warmUp: number;
  readonly rounds: number;
  readonly largeMs: (round: number) => Promise<number>;
  readonly smallMs: (round: number) => Promise<number>;
  readonly goalMs: number;
  readonly goalRatio: number;
}

export async function againstSmall(bench: AgainstSmall): Promise<BenchResult> {
  const { name, warmUp, rounds, largeMs, smallMs, goalMs, goalRatio } = bench;
  const times: { large: number; small: number }[] = [];
  for (let i = 0; i < warmUp + rounds; i++) times.push({ large: await largeMs(i), small: await smallMs(i) });
  const measured = times.slice(warmUp);
  const [value, baseline] = [median(measured.map(t => t.large)), median(measured.map(t => t.small))];
  const ratio = value / baseline;
  return {
    name,
    value: rounded(value),
    unit: 'ms',
    baseline: rounded(baseline),
    ratio: rounded(ratio),
    goal: `value < ${goalMs}, ratio < ${goalRatio}`,
    pass: value < goalMs && ratio < goalRatio,
  };
}
