/** `rollout create`: shows what it would do, asks, and does it. */
import { DEFAULT_GATE, type Gate, type RolloutRequest, RolloutView } from '@tidegate/protocol';
import { type Command, Option } from 'commander';
import { command, confirm, hex32, share, shares, wholeNumber } from '../command.ts';
import { show, tell } from '../print/say.ts';
import { instant, span } from '../print/when.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';
import { overview, overviewLines } from './rollout-overview.ts';

interface Options extends Common {
  readonly phases: readonly number[];
  readonly filter?: string;
  readonly name?: string;
  readonly salt?: string;
  readonly notBefore?: string;
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
    'rollout create gw2/stable/app/1.1.0/app.tgz --phases 10%,50%,100%',
    "rollout create gw2/stable/app/1.1.0/app.tgz --filter 'site==north' --soak 2h --max-failures 5 --yes --json",
  ])
    .argument('<target>', 'product/channel/component/version/file, as `release list` shows it')
    .addOption(
      new Option('--phases <shares>', 'shares of the fleet, each larger than the one before')
        .argParser(shares)
        .default([1000, 5000, 10_000], '10%,50%,100%'),
    )
    .option('--filter <rsql>', 'RSQL over attributes, tag, canary, hardware, channel, version, counter: who may enter')
    .option('--name <text>', 'name for people')
    .option('--salt <hex>', '32 hex digits that decide who is first; random unless given', hex32)
    .option('--not-before <time>', 'a time, or a span from now', text => instant(text, terminal.now(), 'future'))
    .option('--poll-during-update <span>', 'how often devices at work check in (2m)', span);
  return withGate(bare)
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
      show(terminal, options, rollout, () => [`Started ${rollout.name}: tidegate rollout watch ${rollout.id}`]);
    });
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
  const { filter, name, salt, notBefore, pollDuringUpdate: pollDuringUpdateSeconds } = options;
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
  return {
    target,
    phases: options.phases.map(basisPoints => ({ basisPoints })),
    ...given<Partial<RolloutRequest>>({ filter, name, salt, notBefore, pollDuringUpdateSeconds }),
    ...(Object.keys(gate).length === 0 ? {} : { gate }),
  };
}

/** Only what was said: what was not is the server's to fill in. */
function given<T extends object>(all: { readonly [K in keyof T]?: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as T;
}
