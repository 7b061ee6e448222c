/** `key remove`: takes back a registered key, before a device has enrolled by it. */
import type { Command } from 'commander';
import { command, confirm, sha256 } from '../command.ts';
import { show } from '../print/say.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';

interface Options extends Common {
  readonly yes?: boolean;
}

export function keyRemoveCommand(terminal: Terminal): Command {
  return command('remove', 'Take back a registered key that no device has enrolled by.', [
    'key remove 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
  ])
    .argument('<sha256>', 'as `key list` shows it', sha256)
    .option('--yes', 'do not ask')
    .action(async (digest: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const api = await openSession(options, terminal);
      await confirm(terminal, options.yes, `Let no device enrol by the key ${digest}?`);
      await api.remove(`/device-keys/${digest}`);
      show(terminal, options, { sha256: digest, removed: true }, () => [`Removed the key ${digest}.`]);
    });
}
