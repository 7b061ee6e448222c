/** `device clear-alarm`: a person has looked at it. */
import { DEVICE_ALARMS, DeviceView } from '@tidegate/protocol';
import { Argument, type Command } from 'commander';
import { command, hex32 } from '../command.ts';
import { show } from '../print/say.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';
import { remarks } from './device-words.ts';

export function deviceClearAlarmCommand(terminal: Terminal): Command {
  return command('clear-alarm', 'Clear an alarm of a device, once somebody has looked at it.', [
    'device clear-alarm 0123456789abcdef0123456789abcdef clone',
  ])
    .argument('<id>', 'device id', hex32)
    .addArgument(new Argument('<alarm>', 'which').choices([...DEVICE_ALARMS]))
    .action(async (id: string, alarm: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Common>();
      const api = await openSession(options, terminal);
      await api.remove(`/devices/${id}/alarms/${alarm}`);
      const device = await api.get(`/devices/${id}`, DeviceView);
      show(terminal, options, device, () => [
        `Cleared the alarm ${alarm} of ${id}.${remarks(device) === '' ? '' : ` Left: ${remarks(device)}.`}`,
      ]);
    });
}
