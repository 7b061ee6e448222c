/** `rollout create`: shows what it would do, asks, and does it. */
import { type Phase, type RolloutRequest, RolloutView, type Window, type WindowRule } from '@tidegate/protocol';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CliError } from '../cli-error.ts';
import { command, confirm, hex32, phaseList, targetPath, windowRules } from '../command.ts';
import { show, tell } from '../print/say.ts';
import { instant, span } from '../print/when.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';
import { type GateOptions, gateOf, given, type PaceOptions, paceOf, withGate, withPace } from './gate-options.ts';
import { overview, overviewLines } from './rollout-overview.ts';
import { approvalWords, stateWords } from './rollout-words.ts';

interface Options extends Common, GateOptions, PaceOptions {
  readonly phases: readonly Phase[];
  readonly filter?: string;
  readonly exclude?: string;
  readonly approval?: readonly number[] | 'all';
  readonly name?: string;
  readonly salt?: string;
  readonly notBefore?: string;
  readonly window?: readonly WindowRule[];
  readonly urgent?: boolean;
  readonly pollDuringUpdate?: number;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export function rolloutCreateCommand(terminal: Terminal): Command {
  const bare = command('create', 'Bring a published release to the fleet, in phases that a gate opens.', [
    'rollout create gw2/stable/app/1.1.0/app.tgz --dry-run',
    'rollout create gw2/stable/app/1.1.0/app.tgz --phases 5dev,10%,100% --over 6h --at-work 500',
    "rollout create gw2/stable/app/1.1.0/app.tgz --window 'mon-fri 02:00-05:00' --window 'sat,sun 00:00-24:00'",
    'rollout create gw2/stable/app/1.1.1/app.tgz --urgent --phases 1%,100% --soak 15m',
    "rollout create gw2/stable/app/1.1.0/app.tgz --filter 'site==north' --soak 2d --max-failures 5 --yes --json",
  ])
    .argument('<target>', 'product/channel/component/version/file, as `release list` shows it', targetPath)
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
        show(terminal, options, { dryRun: true, ...plan }, () => [
          ...overviewLines(plan, terminal.now()),
          'Nothing was done.',
        ]);
        return;
      }
      if (options.json !== true) tell(terminal, ...overviewLines(plan, terminal.now()));
      await confirm(terminal, options.yes, 'Start it?');
      const rollout = await api.post('/rollouts', request, RolloutView);
      show(terminal, options, rollout, () => [
        `${rollout.name} is ${stateWords(rollout, terminal.now())}: tidegate rollout watch ${rollout.id}`,
        ...approvalWords(rollout),
      ]);
    });
}

function requestOf(target: string, options: Options): RolloutRequest {
  const { filter, exclude, name, salt, notBefore, urgent, pollDuringUpdate: pollDuringUpdateSeconds } = options;
  const window: Window | undefined = options.window && [...options.window];
  const [gate, pace] = [gateOf(options), paceOf(options)];
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
