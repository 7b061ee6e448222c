/** `init`: a new repository from people's public keys and the two online keys. */
import type { Command } from 'commander';
import { createRepository } from '../repository.ts';
import { type Common, command, gather, show, wholeNumber } from './command.ts';
import { publicKey, publicKeys } from './key-option.ts';
import type { Terminal } from './terminal.ts';
import { KEY_HINT } from './texts.ts';

interface Options extends Common {
  readonly rootKey: readonly string[];
  readonly rootThreshold: number;
  readonly targetsThreshold: number;
  readonly snapshotKey: string;
  readonly timestampKey: string;
}

export function initCommand(terminal: Terminal): Command {
  return command('init', 'Make a repository: drafts of root and targets that people then sign.', [
    'init --root-key alice,bob,carol --root-threshold 2 --snapshot-key snap --timestamp-key time',
    'init --repo ./fw --keys ~/keys --root-key a,b,c,d,e --snapshot-key snap --timestamp-key time',
  ])
    .requiredOption('--root-key <keys>', `people's keys, for root and targets; ${KEY_HINT}`, gather)
    .option('--root-threshold <n>', 'signatures that a root needs', wholeNumber, 3)
    .option('--targets-threshold <n>', 'signatures that the list of delegations needs', wholeNumber, 2)
    .requiredOption('--snapshot-key <key>', 'online key that signs snapshots')
    .requiredOption('--timestamp-key <key>', 'online key that signs timestamps')
    .action(async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const snapshotKey = await publicKey(options.snapshotKey, options);
      const timestampKey = await publicKey(options.timestampKey, options);
      const { rootThreshold, targetsThreshold } = options;
      const rootKeys = await publicKeys(options.rootKey, options);
      const repo = await createRepository(
        options.repo,
        { rootKeys, rootThreshold, targetsThreshold, snapshotKey, timestampKey },
        { now: terminal.now },
      );
      show(
        terminal,
        options,
        { dir: repo.dir, rootThreshold, targetsThreshold, toSign: ['root', 'targets'] },
        `Made ${repo.dir}. Next: delegate channels, then ${rootThreshold} people sign root and ${targetsThreshold} sign targets.\n`,
      );
    });
}
