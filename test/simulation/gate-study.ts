/** Many rollouts of each kind of release under one gate, and what came of them, as the documents show it. */
import { DEFAULT_GATE } from '@tidegate/protocol';
import { type GatePlan, type GateRun, type SimRelease, simulateGate } from './gate.ts';

export interface StudiedRelease extends SimRelease {
  readonly name: string;
}

export interface StudyLine extends StudiedRelease {
  readonly runs: number;
  readonly halted: number;
  readonly held: number;
  readonly completed: number;
  /** Of those that did not complete, in the middle and in the worst of twenty. */
  readonly begun: { readonly median: number; readonly worst: number } | undefined;
  readonly medianHours: number | undefined;
  /** Over all runs, in the middle. */
  readonly lost: number;
}

const HOUR = 3600;

export const PATIENT: GatePlan = {
  devices: 2000,
  phases: [0.01, 0.1, 0.5, 1],
  gate: DEFAULT_GATE,
  beginWithinSeconds: 6 * HOUR,
  trialSeconds: HOUR / 6,
  missingSeconds: HOUR,
  away: 0.05,
};

/** A soak that is shorter than the silence, as only what is urgent may have: a device that dies is noticed after the next phases have opened. */
export const HASTY: GatePlan = { ...PATIENT, gate: { ...DEFAULT_GATE, soakSeconds: HOUR } };

const well = { fails: 0, diesInTrial: 0, diesLater: 0 };

export const GOOD: readonly StudiedRelease[] = [
  { ...well, name: 'fails nowhere' },
  { ...well, name: 'fails on 1 %', fails: 0.01 },
  { ...well, name: 'fails on 2 %, as often as it may', fails: 0.02 },
];

export const BAD: readonly StudiedRelease[] = [
  ...[0.04, 0.06, 0.1, 0.2, 0.5].map(fails => ({ ...well, name: `fails on ${fails * 100} %`, fails })),
  { ...well, name: 'fails everywhere', fails: 1 },
];

export const DEADLY: readonly StudiedRelease[] = [
  { ...well, name: 'kills 5 % in the trial', diesInTrial: 0.05 },
  { ...well, name: 'kills 20 % in the trial', diesInTrial: 0.2 },
  { ...well, name: 'kills 20 % after they verified', diesLater: 0.2 },
  { ...well, name: 'kills 5 % after they verified', diesLater: 0.05 },
];

export function study(plan: GatePlan, release: StudiedRelease, runs: number): StudyLine {
  const all = Array.from({ length: runs }, (_, seed) => simulateGate(plan, release, seed + 1));
  const ended = (end: GateRun['end']) => all.filter(run => run.end === end).length;
  const stopped = all.filter(run => run.end !== 'completed');
  return {
    ...release,
    runs,
    halted: ended('halted'),
    held: ended('held'),
    completed: ended('completed'),
    begun:
      stopped.length === 0
        ? undefined
        : { median: quantile(stopped, 0.5, r => r.begun), worst: quantile(stopped, 0.95, r => r.begun) },
    medianHours: stopped.length === 0 ? undefined : quantile(stopped, 0.5, r => r.seconds) / HOUR,
    lost: quantile(all, 0.5, r => r.lost),
  };
}

function quantile(runs: readonly GateRun[], share: number, value: (run: GateRun) => number): number {
  const values = runs.map(value).toSorted((a, b) => a - b);
  return values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
}

/** Rows of a table in Markdown. */
export function studyTable(lines: readonly StudyLine[]): string {
  return [
    '| release | halted | held | completed | begun by then, median (1 in 20) | after, median | lost, median |',
    '|---|--:|--:|--:|--:|--:|--:|',
    ...lines.map(line => `| ${cells(line).join(' | ')} |`),
  ].join('\n');
}

function cells({ name, runs, halted, held, completed, begun, medianHours, lost }: StudyLine): string[] {
  const share = (n: number) => `${((100 * n) / runs).toFixed(1)} %`;
  return [
    name,
    share(halted),
    share(held),
    share(completed),
    begun === undefined ? '' : `${begun.median} (${begun.worst})`,
    medianHours === undefined ? '' : `${medianHours.toFixed(1)} h`,
    String(lost),
  ];
}
