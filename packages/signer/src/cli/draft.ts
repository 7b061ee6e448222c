/** `draft`: the next version of a list with a new expiry, or its draft thrown away. */
import type { Command } from 'commander';
import { SignerError } from '../signer-error.ts';
import { type Common, command, openRepository, show, wholeNumber } from './command.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Common {
  readonly days?: number;
  readonly above?: number;
  readonly drop?: boolean;
}

export function draftCommand(terminal: Terminal): Command {
  return command('draft', "Draft a role's next version with a new expiry, or throw its draft away.", [
    'draft h-gw2',
    'draft p-gw2-stable --days 30',
    'draft p-gw2-stable --above 17    # a thief published version 17',
    'draft root --drop',
  ])
    .argument('<role>', 'root, targets, p-<product>-<channel> or h-<product>')
    .option('--days <n>', 'valid for so many days from now (else what the config says)', wholeNumber)
    .option('--above <version>', "go on above this version, which the repository's own would not reach", wholeNumber)
    .option('--drop', 'throw the draft away, with its signatures')
    .action(async (role: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const { days, above } = options;
      const repo = await openRepository(options, terminal);
      if (options.drop === true) {
        if (days !== undefined || above !== undefined) throw new SignerError('usage', '--drop stands alone.');
        await repo.dropDraft(role);
        show(terminal, options, { role, dropped: true }, `The draft of ${role} is gone.\n`);
        return;
      }
      const result = await repo.renew(role, { days, above });
      const { version, expires } = result;
      show(terminal, options, result, `Draft of ${role} version ${version}, valid until ${expires}. Sign it.\n`);
    });
}
