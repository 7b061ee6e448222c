/** `device show`: what a device is, runs, and went through. */
import { DeviceEvent, DeviceView, parseTargetPath } from '@tidegate/protocol';
import type { Command } from 'commander';
import { allOf } from '../api/admin-api.ts';
import { command, hex32, wholeNumber } from '../command.ts';
import { show } from '../print/say.ts';
import { table } from '../print/table.ts';
import { localTime } from '../print/when.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';
import { ALARM_WORDS } from './device-words.ts';

interface Options extends Common {
  readonly history: number;
}

const HISTORY_SHOWN = 20;

export function deviceShowCommand(terminal: Terminal): Command {
  return command('show', 'Show a device with its history, newest first.', [
    'device show 0123456789abcdef0123456789abcdef',
    'device show 0123456789abcdef0123456789abcdef --history 500 --json',
  ])
    .argument('<id>', 'device id', hex32)
    .option('--history <n>', 'events of its history', wholeNumber(0, 1_000_000), HISTORY_SHOWN)
    .action(async (id: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const api = await openSession(options, terminal);
      const device = await api.get(`/devices/${id}`, DeviceView);
      const history = await allOf(api.pages(`/devices/${id}/history`, {}, DeviceEvent, options.history));
      show(terminal, options, { device, history }, () => [
        ...deviceLines(device),
        '',
        ...table(
          [
            { title: 'WHEN', value: e => localTime(e.at) },
            { title: 'WHAT', value: eventWords },
            { title: 'OF', value: e => releaseWords(e.target), shrinks: true },
            { title: 'DETAIL', value: e => e.detail ?? '', shrinks: true },
          ],
          history,
          terminal.size()?.columns,
        ),
      ]);
    });
}

export function deviceLines(device: DeviceView): string[] {
  const { components, attributes, alarms } = device;
  return [
    `device    ${device.id}`,
    `product   ${device.product}, hardware ${device.hardware ?? 'not told yet'}, channel ${device.channel ?? 'not told yet'}`,
    ...components.map(c => `runs      ${c.component} ${c.version} (counter ${c.counter})`),
    ...Object.entries(attributes).map(([key, value]) => `attribute ${key} = ${value}`),
    ...(device.tags.length === 0 ? [] : [`tags      ${device.tags.join(', ')}`]),
    ...(device.group === null ? [] : [`group     ${device.group}`]),
    ...(device.canary ? ['canary    its owner asked to be among the first'] : []),
    `enrolled  ${localTime(device.enrolledAt)}, by ${device.enrolledBy.replace('-', ' ')}`,
    `last seen ${device.lastSeenAt === null ? 'never' : localTime(device.lastSeenAt)}`,
    ...(device.revokedAt === null ? [] : [`REVOKED   ${localTime(device.revokedAt)}`]),
    ...alarms.map(a => `ALARM     ${a.alarm}, ${localTime(a.at)}: ${ALARM_WORDS[a.alarm] ?? 'look at it'}`),
  ];
}

function eventWords({ kind, state, code, attempt }: DeviceEvent): string {
  const again = attempt === null || attempt === 1 ? '' : `, attempt ${attempt}`;
  const why = code === null ? '' : ` (${code})`;
  return kind === 'reported' ? `${state ?? 'reported'}${why}${again}` : `${kind}${again}`;
}

/** `app 1.1.0` of a target that is one; a device may have been offered, and refused, any text. */
function releaseWords(target: string | null): string {
  const parsed = target === null ? undefined : parseTargetPath(target);
  return parsed ? `${parsed.component} ${parsed.version}` : (target ?? '');
}
