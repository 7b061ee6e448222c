/** `bundle add`: listed releases become one signed target. */
import type { Command } from 'commander';
import { readBundleFile } from '../yaml/bundle-file.ts';
import { type Common, command, openRepository, show } from './command.ts';
import type { Terminal } from './terminal.ts';

export function bundleAddCommand(terminal: Terminal): Command {
  return command('add', 'List releases of several components as one bundle.', [
    'bundle add bundle.yaml',
    'bundle add bundle.yaml --json',
  ])
    .argument('<file>', 'bundle file')
    .action(async (path: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Common>();
      const request = await readBundleFile(path);
      const repo = await openRepository(options, terminal);
      const result = await repo.addBundle(request);
      const lines = result.added
        ? `Listed ${result.path} (${result.class}; ${result.parts.length} images; ${result.hardware.join(', ')}).\nNext: tidegate-signer sign ${result.role} --key …\n`
        : `${result.path} is listed already; nothing changed.\n`;
      show(terminal, options, result, lines);
    });
}
