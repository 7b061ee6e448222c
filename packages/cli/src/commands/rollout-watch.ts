/** `rollout watch`: follows a rollout to its end: live on a terminal, line by line elsewhere, as NDJSON for programs. */
import type { RolloutView } from '@tidegate/protocol';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { command } from '../command.ts';
import { localTime, span } from '../print/when.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';
import { jsonObserver } from '../watch/json-observer.ts';
import { lineObserver } from '../watch/line-observer.ts';
import { liveObserver } from '../watch/live-observer.ts';
import type { Observer } from '../watch/observer.ts';
import { watchRollout } from '../watch/watch-rollout.ts';
import { rolloutArgument, rolloutMeant } from './rollout-meant.ts';

interface Options extends Common {
  readonly every: number;
  readonly patience: number;
}

const EVERY_SECONDS = 1;
const PATIENCE_SECONDS = 300;

export function rolloutWatchCommand(terminal: Terminal): Command {
  return command('watch', 'Follow a rollout to its end.', [
    'rollout watch 0123456789abcdef0123456789abcdef',
    'rollout watch spring',
    'rollout watch 0123456789abcdef0123456789abcdef --json | jq -c .event',
  ])
    .addArgument(rolloutArgument())
    .option('--every <span>', 'how often to look', span, EVERY_SECONDS)
    .option('--patience <span>', 'how long the server may be gone', span, PATIENCE_SECONDS)
    .addHelpText(
      'after',
      '\nEnds by itself: exit code 0 completed, 4 halted, stopped or cancelled, 5 the server was gone for too long.\n' +
        'Ctrl-C leaves it (130); the rollout goes on. With --json each line is an object with "event":\n' +
        'progress, decision, lost, back, ended.',
    )
    .action(async (given: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const api = await openSession(options, terminal);
      const id = await rolloutMeant(api, given);
      const observer = observerFor(options, terminal);
      const pace = { everyMs: Math.max(200, options.every * 1000), patienceMs: options.patience * 1000 };
      try {
        const ended = await watchRollout(api, id, { ...pace, interrupted: terminal.interrupted }, observer);
        observer.ended(ended);
        complain(ended);
      } finally {
        observer.close();
      }
    });
}

function observerFor({ json }: Options, terminal: Terminal): Observer {
  if (json === true) return jsonObserver(terminal);
  return terminal.size() === undefined ? lineObserver(terminal) : liveObserver(terminal);
}

/** @throws CliError where it did not complete */
function complain({ id, state, decisions, holdNeededBy }: RolloutView): void {
  const hold =
    holdNeededBy === null ? '' : ` Sign a hold by ${localTime(holdNeededBy)}, or devices offer it all the same.`;
  const why =
    decisions.findLast(d => d.action === 'halt' || d.action === 'stop' || d.action === 'deny')?.reason ??
    'no reason is told';
  if (state === 'halted') {
    const next = `What led to it: tidegate rollout show ${id}; mend it and follow with a new release, or give them another try: tidegate rollout retry ${id}.${hold}`;
    throw new CliError('rollout-halted', `The gate halted the rollout: ${why}. ${next}`);
  }
  if (state === 'cancelled') throw new CliError('rollout-cancelled', `The rollout never begins: it ended ${why}.`);
  if (state === 'stopped') throw new CliError('rollout-stopped', `The rollout was stopped ${why}.${hold}`);
}
