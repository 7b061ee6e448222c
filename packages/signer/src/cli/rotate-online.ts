/** `rotate-online`: new keys for snapshot and timestamp, guided. */
import type { Command } from 'commander';
import { command, openRepository } from './command.ts';
import { publicKey } from './key-option.ts';
import { guide, type RotationOptions, withConfirmation } from './rotation.ts';
import type { Terminal } from './terminal.ts';

interface Options extends RotationOptions {
  readonly snapshotKey?: string;
  readonly timestampKey?: string;
}

export function rotateOnlineCommand(terminal: Terminal): Command {
  const rotate = command(
    'rotate-online',
    'Draft a root with new keys for snapshot and timestamp, and say what follows.',
    [
      'rotate-online --snapshot-key snap2 --timestamp-key time2',
      'rotate-online --timestamp-key time2.pub.json --yes --json',
    ],
  )
    .option('--snapshot-key <key>', 'public half of the new snapshot key')
    .option('--timestamp-key <key>', 'public half of the new timestamp key');
  return withConfirmation(rotate).action(async (_options: unknown, cmd: Command) => {
    const options = cmd.optsWithGlobals<Options>();
    const of = async (text: string | undefined) => (text === undefined ? undefined : publicKey(text, options));
    const request = { snapshotKey: await of(options.snapshotKey), timestampKey: await of(options.timestampKey) };
    const repo = await openRepository(options, terminal);
    await guide(terminal, options, how => repo.rotateOnline(request, how));
  });
}
