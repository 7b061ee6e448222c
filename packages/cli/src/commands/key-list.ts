/** `key list`: keys that are registered beforehand, and which devices have them. */
import { DeviceKeyView } from '@tidegate/protocol';
import type { Command } from 'commander';
import { command, name } from '../command.ts';
import { printList } from '../print/list.ts';
import { localTime } from '../print/when.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';

interface Options extends Common {
  readonly product?: string;
}

export function keyListCommand(terminal: Terminal): Command {
  return command('list', 'List device keys that are registered beforehand.', [
    'key list',
    'key list --product gw2 --json',
  ])
    .option('--product <name>', 'of this product', name)
    .action(async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const api = await openSession(options, terminal);
      await printList(terminal, options, {
        pages: api.pages('/device-keys', { product: options.product }, DeviceKeyView),
        columns: [
          { title: 'PRODUCT', value: k => k.product, shrinks: true },
          { title: 'LABEL', value: k => k.label ?? '-', shrinks: true },
          { title: 'DEVICE', value: k => k.deviceId ?? 'not enrolled' },
          { title: 'ADDED', value: k => localTime(k.addedAt), shrinks: true },
          { title: 'SHA-256', value: k => k.sha256, shrinks: true },
        ],
        nothing: 'No key is registered: tidegate key upload FILE.csv',
      });
    });
}
