/** `product describe`: a product's descriptor, from a file, into its channel's draft. */
import type { Command } from 'commander';
import { readProductFile } from '../yaml/product-file.ts';
import { type Common, command, openRepository, show } from './command.ts';
import type { Terminal } from './terminal.ts';

export function productDescribeCommand(terminal: Terminal): Command {
  return command('describe', 'List a product descriptor: support period, contact, mirrors, sensors.', [
    'product describe product.yaml',
    'product describe product.yaml --json',
  ])
    .argument('<file>', 'product file')
    .action(async (path: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Common>();
      const request = await readProductFile(path);
      const repo = await openRepository(options, terminal);
      const result = await repo.describeProduct(request);
      const people = result.twoPeople ? 'Support gets shorter: two people must sign.\n' : '';
      const lines = result.added
        ? `Listed ${result.path}, support until ${request.supportEnds}.\n${people}Next: tidegate-signer sign ${result.role} --key …\n`
        : `${result.path} says the same; nothing changed.\n`;
      show(terminal, options, result, lines);
    });
}
