/** `release list`: what is published. Releases come from signed lists alone: `tidegate-signer` makes and withdraws them. */
import { ReleaseView } from '@tidegate/protocol';
import type { Command } from 'commander';
import { command, name } from '../command.ts';
import { printList } from '../print/list.ts';
import { localTime } from '../print/when.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';

interface Options extends Common {
  readonly product?: string;
}

export function releaseListCommand(terminal: Terminal): Command {
  return command('list', 'List published releases; tidegate-signer publishes and withdraws them.', [
    'release list',
    'release list --product gw2 --json',
  ])
    .option('--product <name>', 'of this product', name)
    .action(async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const api = await openSession(options, terminal);
      await printList(terminal, options, {
        pages: api.pages('/releases', { product: options.product }, ReleaseView),
        columns: [
          { title: 'TARGET', value: r => r.target },
          { title: 'COUNTER', value: r => String(r.counter) },
          { title: 'CLASS', value: r => r.class },
          { title: 'HARDWARE', value: r => r.hardware.join(', '), shrinks: true, optional: true },
          { title: 'PUBLISHED', value: r => localTime(r.publishedAt).slice(0, 10), optional: true },
          { title: '', value: r => (r.withdrawn ? 'withdrawn' : '') },
        ],
        nothing: 'Nothing is published yet: tidegate-signer publish',
      });
    });
}
