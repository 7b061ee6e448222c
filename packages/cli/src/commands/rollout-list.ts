/** `rollout list`: newest first. */
import { ROLLOUT_STATES, RolloutView } from '@tidegate/protocol';
import { type Command, Option } from 'commander';
import { command, name, wholeNumber } from '../command.ts';
import { printList } from '../print/list.ts';
import { ago } from '../print/when.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';
import { stateWords } from './rollout-words.ts';

interface Options extends Common {
  readonly product?: string;
  readonly state?: string;
  readonly limit?: number;
}

export function rolloutListCommand(terminal: Terminal): Command {
  return command('list', 'List rollouts, newest first.', [
    'rollout list',
    'rollout list --state running',
    'rollout list --product gw2 --limit 5 --json',
  ])
    .option('--product <name>', 'of this product', name)
    .addOption(new Option('--state <state>', 'in this state').choices([...ROLLOUT_STATES]))
    .option('--limit <n>', 'at most so many', wholeNumber(1, 1_000_000))
    .action(async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const api = await openSession(options, terminal);
      const { product, state, limit } = options;
      const now = terminal.now();
      await printList(terminal, options, {
        pages: api.pages('/rollouts', { product, state }, RolloutView, limit),
        columns: [
          { title: 'ID', value: r => r.id },
          { title: 'NAME', value: r => r.name, shrinks: true },
          { title: 'STATE', value: r => stateWords(r, now) },
          { title: 'PHASE', value: r => `${r.openPhase + 1}/${r.phases.length}` },
          { title: 'VERIFIED', value: r => `${r.counts.verified}/${r.counts.offered}` },
          { title: 'FAILED', value: r => String(r.counts.failed + r.counts.refused) },
          { title: 'CREATED', value: r => ago(r.createdAt, now), optional: true },
        ],
        nothing: 'There is no such rollout.',
      });
    });
}
