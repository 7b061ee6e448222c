/** `retire`: the last lists of a product, valid for years. */
import type { Command } from 'commander';
import { type Common, command, openRepository, show, wholeNumber } from './command.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Common {
  readonly days?: number;
  readonly all?: boolean;
}

export function retireCommand(terminal: Terminal): Command {
  return command('retire', "Draft a product's last lists, valid for years, after its support has ended.", [
    'retire gw2',
    'retire gw2 --days 1825 --all    # the last product of this repository',
  ])
    .argument('<product>')
    .option('--days <n>', 'how long they are valid (else ten years)', wholeNumber)
    .option('--all', 'draft root and targets for as long: nobody will sign any more')
    .action(async (product: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const { days, all } = options;
      const repo = await openRepository(options, terminal);
      const drafts = await repo.retire({ product, days, all });
      const lines = [
        ...drafts.map(d => `Draft of ${d.role} version ${d.version}, valid until ${d.expires}. Sign it.`),
        all === true
          ? 'Then set expiryDays of snapshot and timestamp in tidegate-signer.yaml as high, and refresh and publish once more.'
          : 'Go on refreshing snapshot and timestamp for as long; they are for all products.',
        '',
      ].join('\n');
      show(terminal, options, { drafts }, lines);
    });
}
