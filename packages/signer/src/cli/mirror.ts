/** `mirror`: the repository as a folder that any file server can serve. */
import type { Command } from 'commander';
import { LIMITS } from '@tidegate/protocol';
import { command, openRepository, show } from './command.ts';
import { neededFile } from './files.ts';
import { onlineSigners, type OnlineOptions, withOnlineKeys } from './refresh.ts';
import type { Terminal } from './terminal.ts';

interface Options extends OnlineOptions {
  readonly to: string;
  readonly trustedRoot?: string;
}

export function mirrorCommand(terminal: Terminal): Command {
  const mirror = command('mirror', 'Lay the signed repository out as a folder for any file server.', [
    'mirror --to /srv/www --snapshot-key snap --timestamp-key time',
    'mirror --to ./www',
  ])
    .requiredOption('--to <dir>', 'folder that is served; what is newer there is not replaced')
    .option('--trusted-root <file>', "root that devices start from (the repository's first unless given)");
  return withOnlineKeys(mirror).action(async (_options: unknown, cmd: Command) => {
    const options = cmd.optsWithGlobals<Options>();
    const trustedRoot =
      options.trustedRoot === undefined ? undefined : await neededFile(options.trustedRoot, LIMITS.rootBytes);
    const repo = await openRepository(options, terminal);
    if (options.timestampKey !== undefined || options.snapshotKey !== undefined) {
      await using signers = await onlineSigners(options, terminal);
      await repo.refreshOnline(signers);
    }
    const result = await repo.mirror({ folder: options.to, trustedRoot });
    const fresh = result.newTargets.map(path => `  ${path}\n`).join('');
    const lines = `Laid out timestamp ${result.timestampVersion}. New: ${result.newTargets.length}.\n${fresh}`;
    show(terminal, options, result, lines);
  });
}
