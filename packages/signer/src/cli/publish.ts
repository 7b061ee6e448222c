/** `publish`: a dry run as a device, then the upload, then what devices get is read back. */
import type { Command } from 'commander';
import { LIMITS } from '@tidegate/protocol';
import { command, openRepository, show } from './command.ts';
import { neededFile } from './files.ts';
import { progressBar } from './print.ts';
import { onlineSigners, type OnlineOptions, warnOfLists, withOnlineKeys } from './refresh.ts';
import type { Terminal } from './terminal.ts';

interface Options extends OnlineOptions {
  readonly to: string;
  readonly tokenFile: string;
  readonly trustedRoot?: string;
  readonly readBack?: string;
}

const TOKEN_BYTES = 4096;

export function publishCommand(terminal: Terminal): Command {
  const publish = command('publish', 'Upload the signed repository; run it again if it was cut off.', [
    'publish --to https://admin.example:8443 --token-file ./releaser.token --snapshot-key snap --timestamp-key time',
    'publish --to http://127.0.0.1:8081 --token-file ./token --read-back http://127.0.0.1:8080',
  ])
    .requiredOption('--to <url>', "the server's admin address")
    .requiredOption('--token-file <file>', "file with a releaser's token")
    .option('--trusted-root <file>', "root that devices start from (the repository's first unless given)")
    .option('--read-back <url>', 'device address: compare what devices get now');
  return withOnlineKeys(publish).action(async (_options: unknown, cmd: Command) => {
    const options = cmd.optsWithGlobals<Options>();
    const { to, readBack } = options;
    const token = (await neededFile(options.tokenFile, TOKEN_BYTES)).toString('utf8').trim();
    const trustedRoot =
      options.trustedRoot === undefined ? undefined : await neededFile(options.trustedRoot, LIMITS.rootBytes);
    const repo = await openRepository(options, terminal);
    if (options.timestampKey !== undefined || options.snapshotKey !== undefined) {
      await using signers = await onlineSigners(options, terminal);
      warnOfLists(terminal, await repo.refreshOnline(signers));
    }
    const bars = new Map<string, ReturnType<typeof progressBar>>();
    const result = await repo.publish({
      url: to,
      token,
      trustedRoot,
      readBackUrl: readBack,
      onProgress: ({ file, doneBytes, totalBytes }) => {
        if (!bars.has(file)) bars.set(file, progressBar(terminal, file.length === 64 ? file.slice(0, 12) : file));
        bars.get(file)?.(doneBytes, totalBytes);
      },
    });
    const fresh = result.newTargets.map(path => `  ${path}\n`).join('');
    show(
      terminal,
      options,
      result,
      `Published timestamp ${result.timestampVersion}. New: ${result.newTargets.length}.\n${fresh}`,
    );
  });
}
