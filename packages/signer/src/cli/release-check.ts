/** `release check`: judges a release file by itself, without a repository, as an editor or a build does before there is an image. */
import type { Command } from 'commander';
import { readReleaseFile } from '../yaml/release-file.ts';
import { type Common, command, show } from './command.ts';
import type { Terminal } from './terminal.ts';

export function releaseCheckCommand(terminal: Terminal): Command {
  return command('check', 'Check a release file; needs neither repository nor image.', [
    'release check release.yaml',
    'release check release.yaml --json',
  ])
    .argument('<file>', 'release file')
    .action(async (path: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Common>();
      const file = await readReleaseFile(path);
      show(terminal, options, { valid: true, file }, `${path} is in order.\n`);
    });
}
