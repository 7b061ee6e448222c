/** `product describe`: a product's descriptor, from a file, into its channel's next list. */
import type { Command } from 'commander';
import type { ProductResult } from '../edit/product.ts';
import type { Repository } from '../repository.ts';
import { readProductFile } from '../yaml/product-file.ts';
import { command, openRepository, show } from './command.ts';
import { isAtService, mustNotSignHere, type ServiceOptions, submit, withService } from './service-option.ts';
import type { Terminal } from './terminal.ts';
import { SERVICE_KEY_HINT } from './texts.ts';

export function productDescribeCommand(terminal: Terminal): Command {
  const describe = command('describe', 'List a product descriptor: support period, contact, mirrors, sensors.', [
    'product describe product.yaml',
    'product describe product.yaml --json',
    'product describe product.yaml --service https://signing.example --root ./root.json --key file:./ada.json',
  ]).argument('<file>', 'product file');
  return withService(describe, SERVICE_KEY_HINT).action(async (path: string, _options: unknown, cmd: Command) => {
    const options = cmd.optsWithGlobals<ServiceOptions>();
    const request = await readProductFile(path);
    const { product, supportEnds } = request;
    const said = (made: Pick<ProductResult, 'path' | 'twoPeople'>, added: boolean) => {
      const people = made.twoPeople ? ' Support gets shorter: two people must sign.' : '';
      return added
        ? `Listed ${made.path}, support until ${supportEnds}.${people}`
        : `${made.path} says the same; nothing changed.`;
    };
    if (isAtService(options)) {
      const make = async (repo: Repository) => {
        const { added, ...result } = await repo.describeProduct(request);
        return { ...result, changed: added, asked: { act: 'describe', ...request } };
      };
      return submit(options, terminal, { product, make }, made => said(made, made.changed));
    }
    mustNotSignHere(options);
    const result = await (await openRepository(options, terminal)).describeProduct(request);
    const next = result.added ? `Next: tidegate-signer sign ${result.role} --key …\n` : '';
    show(terminal, options, result, `${said(result, result.added)}\n${next}`);
  });
}
