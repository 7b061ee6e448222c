/** `delegate add`: who may sign a product's channel, or its holds. */
import type { Command } from 'commander';
import { SignerError } from '../signer-error.ts';
import { type Common, command, gather, openRepository, show, wholeNumber } from './command.ts';
import { publicKeys } from './key-option.ts';
import type { Terminal } from './terminal.ts';
import { KEY_HINT } from './texts.ts';

interface Options extends Common {
  readonly product: string;
  readonly channel?: string;
  readonly holds?: boolean;
  readonly key: readonly string[];
  readonly threshold?: number;
  readonly replace?: boolean;
}

export function delegateAddCommand(terminal: Terminal): Command {
  return command('add', 'Give a channel (or the holds) of a product to keys.', [
    'delegate add --product gw2 --channel stable --key ci,alice --threshold 2',
    'delegate add --product gw2 --holds --key alice,bob',
  ])
    .requiredOption('--product <name>', 'product')
    .option('--channel <name>', 'channel, such as stable or beta')
    .option('--holds', "the product's holds instead of a channel")
    .requiredOption('--key <keys>', KEY_HINT, gather)
    .option('--threshold <n>', 'signatures needed (stable: 2, else 1)', wholeNumber)
    .option('--replace', 'give an existing role to these keys instead')
    .action(async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      if ((options.channel === undefined) === (options.holds !== true)) {
        throw new SignerError('usage', 'Say either --channel NAME or --holds.');
      }
      const { product, channel, threshold, replace } = options;
      const keys = await publicKeys(options.key, options);
      const repo = await openRepository(options, terminal);
      const result = await repo.addDelegation({ product, channel, keys, threshold, replace });
      const next = `${result.role} is delegated. To be signed: ${result.toSign.join(', ')}.\n`;
      show(
        terminal,
        options,
        result,
        result.changed ? next : `${result.role} was delegated so before; nothing changed.\n`,
      );
    });
}
