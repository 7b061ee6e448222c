/** Options for gate and pace, the same for a rollout and for a product's policy. Absent is what was not said. */
import {
  type CodeWeights,
  DEFAULT_GATE,
  type Gate,
  type Pace,
  type Ramp,
  WEIGHABLE_CODES,
  type WeighableCode,
} from '@tidegate/protocol';
import { type Command, InvalidArgumentError } from 'commander';
import { share, wholeNumber } from '../command.ts';
import { span } from '../print/when.ts';

export interface PaceOptions {
  readonly over?: number;
  readonly perMinute?: number;
  readonly ramp?: Ramp;
  readonly atWork?: number;
  readonly lease?: number;
}

export interface GateOptions {
  readonly minVerified?: number;
  readonly resolved?: number;
  readonly success?: number;
  readonly allowedFailures?: number;
  readonly minFailures?: number;
  readonly maxFailures?: number;
  readonly significance?: number;
  readonly minRefusals?: number;
  readonly refusals?: number;
  readonly counting?: readonly WeighableCode[];
  readonly ignoring?: readonly WeighableCode[];
  readonly soak?: number;
  readonly silence?: number;
}

export function withPace(cmd: Command): Command {
  const devices = wholeNumber(1, 1_000_000);
  return cmd
    .option('--over <span>', 'each phase takes its devices in evenly over so long', span)
    .option('--per-minute <n>', 'new devices in any minute, at most', devices)
    .option('--ramp <n,factor,verified>', 'n devices a minute, times factor for every so many verified: 10,2,50', ramp)
    .option('--at-work <n>', 'devices at work at one time, at most', devices)
    .option('--lease <span>', 'a device at work that is silent for so long gives its place away', span);
}

/** `10,2,50`: 10 devices a minute, twice as many for every 50 verified. */
function ramp(text: string): Ramp {
  const match = /^(\d{1,7}),(\d{1,2})(?:\.(\d{1,4}))?,(\d{1,7})$/.exec(text);
  if (!match)
    throw new InvalidArgumentError(
      'Give devices a minute, a factor above 1, and a number of verified devices: 10,2,50.',
    );
  const [, rate, whole, part = '', verified] = match;
  const growth = Number(whole) * 10_000 + Number(part.padEnd(4, '0'));
  if (growth <= 10_000) throw new InvalidArgumentError('The factor must be above 1: 10,2,50 doubles for every 50.');
  return { devicesPerMinute: Number(rate), growth, verified: Number(verified) };
}

export function withGate(cmd: Command): Command {
  const failures = wholeNumber(1, 10_000_000);
  return cmd
    .option(
      '--min-verified <n>',
      `verified devices before a phase advances (${DEFAULT_GATE.minVerified})`,
      wholeNumber(1, 1_000_000),
    )
    .option(
      '--resolved <share>',
      `share of the begun that must be final (${percent(DEFAULT_GATE.resolvedShare)})`,
      share,
    )
    .option('--success <share>', `share of the begun that must verify (${percent(DEFAULT_GATE.successShare)})`, share)
    .option(
      '--allowed-failures <share>',
      `failures that are normal (${percent(DEFAULT_GATE.allowedFailureShare)})`,
      share,
    )
    .option('--min-failures <n>', `fewer never halt (${DEFAULT_GATE.minFailures})`, failures)
    .option('--max-failures <n>', 'so many halt in any case', failures)
    .option(
      '--significance <share>',
      `how often a release with just the normal failures may be halted by mistake (${percent(DEFAULT_GATE.significance)})`,
      share,
    )
    .option(
      '--min-refusals <n>',
      `devices that refuse it as not authentic before that halts (${DEFAULT_GATE.minRefusals})`,
      failures,
    )
    .option(
      '--refusals <share>',
      `and the share of the begun that they must be (${percent(DEFAULT_GATE.refusalShare)})`,
      share,
    )
    .option('--counting <codes>', 'failures that count here though they usually do not: disk-full,battery-low', codes)
    .option('--ignoring <codes>', 'failures that do not count here though they usually do: slot-mismatch', codes)
    .option('--soak <span>', 'least time before a phase advances (24h)', span)
    .option('--silence <span>', 'after so long without a word a device has failed (24h)', span);
}

/** `disk-full,battery-low`. */
function codes(text: string): WeighableCode[] {
  return text.split(',').map(part => {
    const code = WEIGHABLE_CODES.find(known => known === part.trim());
    if (code === undefined) throw new InvalidArgumentError(`Give codes of these: ${WEIGHABLE_CODES.join(', ')}.`);
    return code;
  });
}

/** Undefined where nothing was said of any. */
function weightsOf({ counting = [], ignoring = [] }: GateOptions): CodeWeights | undefined {
  const weights = [
    ...counting.map(code => [code, 'counts'] as const),
    ...ignoring.map(code => [code, 'neutral'] as const),
  ];
  return weights.length === 0 ? undefined : (Object.fromEntries(weights) as CodeWeights);
}

function percent(basisPoints: number): string {
  return `${basisPoints / 100}%`;
}

export function gateOf(options: GateOptions): Partial<Gate> {
  return given<Partial<Gate>>({
    minVerified: options.minVerified,
    resolvedShare: options.resolved,
    successShare: options.success,
    allowedFailureShare: options.allowedFailures,
    minFailures: options.minFailures,
    maxFailures: options.maxFailures,
    significance: options.significance,
    minRefusals: options.minRefusals,
    refusalShare: options.refusals,
    weights: weightsOf(options),
    soakSeconds: options.soak,
    silenceSeconds: options.silence,
  });
}

export function paceOf(options: PaceOptions): Pace {
  return given<Pace>({
    overSeconds: options.over,
    devicesPerMinute: options.perMinute,
    ramp: options.ramp,
    devicesAtWork: options.atWork,
    leaseSeconds: options.lease,
  });
}

/** Only what was said: what was not is the server's to fill in. */
export function given<T extends object>(all: { readonly [K in keyof T]?: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as T;
}
