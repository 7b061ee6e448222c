/** `rollout create`: shows what it would do, asks, and does it. */
import {
  DEFAULT_GATE,
  type Gate,
  type Pace,
  type Phase,
  type Ramp,
  type RolloutRequest,
  RolloutView,
  type Window,
  type WindowRule,
} from '@tidegate/protocol';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CliError } from '../cli-error.ts';
import { command, confirm, hex32, phaseList, share, wholeNumber, windowRules } from '../command.ts';
import { show, tell } from '../print/say.ts';
import { instant, span } from '../print/when.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';
import { overview, overviewLines } from './rollout-overview.ts';
import { approvalWords, stateWords } from './rollout-words.ts';

interface Options extends Common {
  readonly phases: readonly Phase[];
  readonly over?: number;
  readonly perMinute?: number;
  readonly ramp?: Ramp;
  readonly atWork?: number;
  readonly lease?: number;
  readonly filter?: string;
  readonly exclude?: string;
  readonly approval?: readonly number[] | 'all';
  readonly name?: string;
  readonly salt?: string;
  readonly notBefore?: string;
  readonly window?: readonly WindowRule[];
  readonly urgent?: boolean;
  readonly pollDuringUpdate?: number;
  readonly minVerified?: number;
  readonly resolved?: number;
  readonly success?: number;
  readonly allowedFailures?: number;
  readonly minFailures?: number;
  readonly maxFailures?: number;
  readonly soak?: number;
  readonly silence?: number;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export function rolloutCreateCommand(terminal: Terminal): Command {
  const bare = command('create', 'Bring a published release to the fleet, in phases that a gate opens.', [
    'rollout create gw2/stable/app/1.1.0/app.tgz --dry-run',
    'rollout create gw2/stable/app/1.1.0/app.tgz --phases 5dev,10%,100% --over 6h --at-work 500',
    "rollout create gw2/stable/app/1.1.0/app.tgz --window 'mon-fri 02:00-05:00' --window 'sat,sun 00:00-24:00'",
    'rollout create gw2/stable/app/1.1.1/app.tgz --urgent --phases 1%,100% --soak 15m',
    "rollout create gw2/stable/app/1.1.0/app.tgz --filter 'site==north' --soak 2h --max-failures 5 --yes --json",
  ])
    .argument('<target>', 'product/channel/component/version/file, as `release list` shows it')
    .addOption(
      new Option(
        '--phases <list>',
        'shares of the fleet, or numbers of devices (5dev) before them; each larger than the one before',
      )
        .argParser(phaseList)
        .default([{ basisPoints: 1000 }, { basisPoints: 5000 }, { basisPoints: 10_000 }], '10%,50%,100%'),
    )
    .option(
      '--filter <rsql>',
      'RSQL over attributes, group, tag, canary, hardware, channel, version, counter, lastCheckIn: who may enter',
    )
    .option(
      '--approval <list>',
      'phases that another person approves before they open: 1, or 1,3, or all',
      approvalList,
    )
    .option('--exclude <rsql>', 'who stays out, whatever the filter says')
    .option('--name <text>', 'name for people')
    .option('--salt <hex>', '32 hex digits that decide who is first; random unless given', hex32)
    .option('--not-before <time>', 'when it begins: a time, or a span from now', text =>
      instant(text, terminal.now(), 'future'),
    )
    .option(
      '--window <rule>',
      'when devices may install, in their own local time: "mon-fri 02:00-05:00"; may be given again',
      windowRules,
    )
    .option('--urgent', 'a security release that comes before everything but the owner: no spreading, ceilings hold')
    .option('--poll-during-update <span>', 'how often devices at work check in (2m)', span);
  return withGate(withPace(bare))
    .option('--dry-run', 'show what it would do, and do nothing')
    .option('--yes', 'do not ask')
    .action(async (target: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const api = await openSession(options, terminal);
      const request = requestOf(target, options);
      const plan = await overview(api, request);
      if (options.dryRun === true) {
        show(terminal, options, { dryRun: true, ...plan }, () => [...overviewLines(plan), 'Nothing was done.']);
        return;
      }
      if (options.json !== true) tell(terminal, ...overviewLines(plan));
      await confirm(terminal, options.yes, 'Start it?');
      const rollout = await api.post('/rollouts', request, RolloutView);
      show(terminal, options, rollout, () => [
        `${rollout.name} is ${stateWords(rollout, terminal.now())}: tidegate rollout watch ${rollout.id}`,
        ...approvalWords(rollout),
      ]);
    });
}

function withPace(cmd: Command): Command {
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
  return {
    devicesPerMinute: Number(rate),
    growth: Number(whole) * 10_000 + Number(part.padEnd(4, '0')),
    verified: Number(verified),
  };
}

function withGate(cmd: Command): Command {
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
    .option('--soak <span>', 'least time before a phase advances (24h)', span)
    .option('--silence <span>', 'after so long without a word a device has failed (24h)', span);
}

function percent(basisPoints: number): string {
  return `${basisPoints / 100}%`;
}

function requestOf(target: string, options: Options): RolloutRequest {
  const { filter, exclude, name, salt, notBefore, urgent, pollDuringUpdate: pollDuringUpdateSeconds } = options;
  const window: Window | undefined = options.window && [...options.window];
  const gate = given<Partial<Gate>>({
    minVerified: options.minVerified,
    resolvedShare: options.resolved,
    successShare: options.success,
    allowedFailureShare: options.allowedFailures,
    minFailures: options.minFailures,
    maxFailures: options.maxFailures,
    soakSeconds: options.soak,
    silenceSeconds: options.silence,
  });
  const pace = given<Pace>({
    overSeconds: options.over,
    devicesPerMinute: options.perMinute,
    ramp: options.ramp,
    devicesAtWork: options.atWork,
    leaseSeconds: options.lease,
  });
  return {
    target,
    phases: withApproval(options.phases, options.approval),
    ...given<Partial<RolloutRequest>>({
      filter,
      exclude,
      name,
      salt,
      notBefore,
      window,
      urgent,
      pollDuringUpdateSeconds,
    }),
    ...(Object.keys(gate).length === 0 ? {} : { gate }),
    ...(Object.keys(pace).length === 0 ? {} : { pace }),
  };
}

/** `1,3`: of the phases as people count them. */
function approvalList(text: string): readonly number[] | 'all' {
  if (text === 'all') return 'all';
  if (!/^[1-9]\d{0,2}(,[1-9]\d{0,2}){0,99}$/.test(text))
    throw new InvalidArgumentError('Give phases, such as 1 or 1,3, or all.');
  return text.split(',').map(Number);
}

function withApproval(phases: readonly Phase[], approval: Options['approval'] = []): Phase[] {
  const beyond = approval === 'all' ? undefined : approval.find(n => n > phases.length);
  if (beyond !== undefined) throw new CliError('usage', `--approval names phase ${beyond} of ${phases.length}.`);
  return phases.map((phase, i) => ({
    ...phase,
    ...((approval === 'all' || approval.includes(i + 1)) && { approval: true }),
  }));
}

/** Only what was said: what was not is the server's to fill in. */
function given<T extends object>(all: { readonly [K in keyof T]?: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as T;
}
