/** `hold`: asks every device not to install a version. */
import type { Command } from 'commander';
import { type Common, command, openRepository, show } from './command.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Common {
  readonly reason: string;
}

export function holdCommand(terminal: Terminal): Command {
  return command('hold', 'Ask devices not to install a version, whatever the server says.', [
    "hold gw2 rootfs 1.4.0 --reason 'Wi-Fi is lost after a day.'",
  ])
    .argument('<product>')
    .argument('<component>')
    .argument('<version>')
    .requiredOption('--reason <text>', 'why, in plain words: device owners read it')
    .action(async (product: string, component: string, version: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const repo = await openRepository(options, terminal);
      const result = await repo.addHold({ product, component, version, reason: { en: options.reason } });
      const lines = result.added
        ? `Holds ${component} ${version} of ${product}.\nNext: tidegate-signer sign ${result.role} --key …\n`
        : `${component} ${version} of ${product} is held already; nothing changed.\n`;
      show(terminal, options, result, lines);
    });
}
