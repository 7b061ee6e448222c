/** `refresh`: snapshot and timestamp by the online keys. To be run on a schedule, more often than the timestamp expires. */
import type { Command } from 'commander';
import { SignerError } from '../signer-error.ts';
import type { OnlineSigners, RefreshResult } from '../edit/refresh.ts';
import { type Common, command, openRepository, show, wholeNumber } from './command.ts';
import { signer } from './key-option.ts';
import type { Terminal } from './terminal.ts';
import { PASSPHRASE_HINT } from './texts.ts';

export interface OnlineOptions extends Common {
  readonly snapshotKey?: string;
  readonly timestampKey?: string;
  readonly passphraseFile?: string;
  readonly snapshotPassphraseFile?: string;
  readonly timestampPassphraseFile?: string;
  readonly aboveSnapshot?: number;
}

export function refreshCommand(terminal: Terminal): Command {
  const refresh = command('refresh', 'Sign a new timestamp, and a new snapshot where one is due.', [
    'refresh --snapshot-key snap --timestamp-key time --passphrase-file ./online.pass',
    'refresh --timestamp-key time',
  ]);
  return withOnlineKeys(refresh).action(async (_options: unknown, cmd: Command) => {
    const options = cmd.optsWithGlobals<OnlineOptions>();
    const repo = await openRepository(options, terminal);
    await using signers = await onlineSigners(options, terminal);
    const result = await repo.refreshOnline(signers);
    show(
      terminal,
      options,
      result,
      `Timestamp ${result.timestampVersion} for snapshot ${result.snapshotVersion}, valid until ${result.expires}.\n`,
    );
    warnOfLists(terminal, result);
  });
}

/** What the snapshot had to leave as it was. */
export function warnOfLists(terminal: Terminal, { stopped, heldBack }: RefreshResult): void {
  for (const { role, message } of stopped) {
    terminal.err(`warning: devices of ${role} install nothing new; all others go on. ${message}\n`);
  }
  if (!heldBack) return;
  const { version, waitsFor } = heldBack;
  terminal.err(
    `warning: targets ${version} is not out yet: it would stop ${waitsFor.join(', ')}. Sign their next lists first.\n`,
  );
}

export function withOnlineKeys(cmd: Command): Command {
  return cmd
    .option('--snapshot-key <key>', 'key that signs the snapshot, where the lists changed')
    .option('--timestamp-key <key>', 'key that signs the timestamp')
    .option('--passphrase-file <file>', PASSPHRASE_HINT)
    .option('--snapshot-passphrase-file <file>', "the same for the snapshot's key alone")
    .option('--timestamp-passphrase-file <file>', "the same for the timestamp's key alone")
    .option('--above-snapshot <version>', 'go on above this snapshot, the highest that a thief published', wholeNumber);
}

/**
 * Closes the keys when disposed.
 * @throws SignerError `usage` without the timestamp's key: a new snapshot alone is never seen
 */
export async function onlineSigners(
  options: OnlineOptions,
  terminal: Terminal,
): Promise<OnlineSigners & AsyncDisposable> {
  const { snapshotKey, timestampKey, passphraseFile } = options;
  if (timestampKey === undefined)
    throw new SignerError('usage', 'The key of the timestamp is needed: --timestamp-key KEY.');
  await using opened = new AsyncDisposableStack();
  const open = async (key: string, ownPassphraseFile: string | undefined) =>
    opened.use(await signer(key, options, terminal, ownPassphraseFile ?? passphraseFile));
  const timestamp = await open(timestampKey, options.timestampPassphraseFile);
  const snapshot = snapshotKey === undefined ? undefined : await open(snapshotKey, options.snapshotPassphraseFile);
  const kept = opened.move();
  const { aboveSnapshot } = options;
  return { snapshot, timestamp, aboveSnapshot, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
