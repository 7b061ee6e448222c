/** `product add`, `product list`. */
import { ProductView } from '@tidegate/protocol';
import type { Command } from 'commander';
import { command, name } from '../command.ts';
import { printList } from '../print/list.ts';
import { show } from '../print/say.ts';
import { localTime } from '../print/when.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';

interface AddOptions extends Common {
  readonly title?: string;
}

export function productAddCommand(terminal: Terminal): Command {
  return command('add', 'Add a product line.', ['product add gw2', "product add gw2 --title 'Gateway 2'"])
    .argument('<name>', 'a-z, 0-9 and -, as in the releases’ paths', name)
    .option('--title <text>', 'how people call it')
    .action(async (product: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<AddOptions>();
      const api = await openSession(options, terminal);
      const added = await api.post('/products', { name: product, title: options.title }, ProductView);
      show(terminal, options, added, () => [`Added the product ${added.name}.`]);
    });
}

export function productListCommand(terminal: Terminal): Command {
  return command('list', 'List products.', ['product list', 'product list --json']).action(
    async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Common>();
      const api = await openSession(options, terminal);
      await printList(terminal, options, {
        pages: api.pages('/products', {}, ProductView),
        columns: [
          { title: 'NAME', value: p => p.name },
          { title: 'TITLE', value: p => p.title, shrinks: true },
          { title: 'ADDED', value: p => localTime(p.createdAt) },
        ],
        nothing: 'There is no product yet: tidegate product add NAME',
      });
    },
  );
}
