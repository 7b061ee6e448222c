/** `device revoke`: the device gets no more tokens. */
import { DeviceView } from '@tidegate/protocol';
import type { Command } from 'commander';
import { command, confirm, hex32 } from '../command.ts';
import { show } from '../print/say.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';

interface Options extends Common {
  readonly yes?: boolean;
}

export function deviceRevokeCommand(terminal: Terminal): Command {
  return command('revoke', 'Lock a device out of the server, for good. It keeps running what it runs.', [
    'device revoke 0123456789abcdef0123456789abcdef',
    'device revoke 0123456789abcdef0123456789abcdef --yes --json',
  ])
    .argument('<id>', 'device id', hex32)
    .option('--yes', 'do not ask')
    .action(async (id: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const api = await openSession(options, terminal);
      await confirm(terminal, options.yes, `Lock the device ${id} out? There is no way back.`);
      const device = await api.post(`/devices/${id}/revoke`, undefined, DeviceView);
      show(terminal, options, device, () => [
        `The device ${id} is revoked: it gets no more tokens, those it has end within about a second.`,
      ]);
    });
}
