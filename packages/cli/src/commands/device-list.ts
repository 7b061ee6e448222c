/** `device list`: the fleet, filtered by the server, page by page. */
import { DEVICE_ALARMS, DeviceView } from '@tidegate/protocol';
import { type Command, Option } from 'commander';
import { command, name, wholeNumber } from '../command.ts';
import { CliError } from '../cli-error.ts';
import { printCsv, printList } from '../print/list.ts';
import type { Column } from '../print/table.ts';
import { ago, instant } from '../print/when.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';
import { remarks, runs } from './device-words.ts';

interface Options extends Common {
  readonly filter?: string;
  readonly component?: string;
  readonly product?: string;
  readonly hardware?: string;
  readonly channel?: string;
  readonly alarm?: string;
  readonly revoked?: boolean;
  readonly notRevoked?: boolean;
  readonly seenBefore?: string;
  readonly seenAfter?: string;
  readonly limit?: number;
  readonly csv?: boolean;
}

export function deviceListCommand(terminal: Terminal): Command {
  const time = (text: string) => instant(text, terminal.now(), 'past');
  return command('list', 'List devices: all that fit, or the first so many.', [
    'device list',
    "device list --product gw2 --filter 'site==north;version!=1.1.0' --component app",
    'device list --alarm any',
    'device list --seen-before 30d --csv > silent.csv',
    'device list --product gw2 --limit 20 --json',
  ])
    .option(
      '--filter <rsql>',
      'RSQL over attributes, group, tag, canary, hardware, channel, version, counter, lastCheckIn',
    )
    .option('--component <name>', 'whose version and counter the filter means', name)
    .option('--product <name>', 'of this product', name)
    .option('--hardware <name>', 'of this hardware', name)
    .option('--channel <name>', 'on this channel', name)
    .addOption(new Option('--alarm <kind>', 'with this alarm').choices([...DEVICE_ALARMS, 'any']))
    .option('--revoked', 'only revoked ones')
    .option('--not-revoked', 'only those that are not')
    .option('--seen-before <time>', 'not heard of since then: a time, or a span such as 30d', time)
    .option('--seen-after <time>', 'heard of since then', time)
    .option('--limit <n>', 'at most so many', wholeNumber(1, 100_000_000))
    .option('--csv', 'as CSV, with each attribute in one column of key=value pairs')
    .action(async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const { json, csv, revoked, notRevoked, limit } = options;
      if (json === true && csv === true) throw new CliError('usage', 'Say either --json or --csv.');
      if (revoked === true && notRevoked === true)
        throw new CliError('usage', 'Say either --revoked or --not-revoked.');
      const api = await openSession(options, terminal);
      const { filter, component, product, hardware, channel, alarm, seenBefore, seenAfter } = options;
      const only = revoked === true ? true : notRevoked === true ? false : undefined;
      const query = { filter, component, product, hardware, channel, alarm, seenBefore, seenAfter, revoked: only };
      const pages = api.pages('/devices', query, DeviceView, limit);
      if (csv === true) await printCsv(terminal, pages, CSV);
      else
        await printList(terminal, options, { pages, columns: columnsAt(terminal.now()), nothing: 'No device fits.' });
    });
}

function columnsAt(now: Date): readonly Column<DeviceView>[] {
  return [
    { title: 'ID', value: d => d.id },
    { title: 'PRODUCT', value: d => d.product, shrinks: true },
    { title: 'HARDWARE', value: d => d.hardware ?? '-', shrinks: true, optional: true },
    { title: 'CHANNEL', value: d => d.channel ?? '-', shrinks: true, optional: true },
    { title: 'RUNS', value: runs, shrinks: true },
    { title: 'LAST SEEN', value: d => ago(d.lastSeenAt, now) },
    { title: '', value: remarks },
  ];
}

const CSV: readonly Column<DeviceView>[] = [
  { title: 'id', value: d => d.id },
  { title: 'product', value: d => d.product },
  { title: 'hardware', value: d => d.hardware ?? '' },
  { title: 'channel', value: d => d.channel ?? '' },
  { title: 'components', value: d => d.components.map(c => `${c.component}=${c.version}`).join(';') },
  {
    title: 'attributes',
    value: d =>
      Object.entries(d.attributes)
        .map(([k, v]) => `${k}=${v}`)
        .join(';'),
  },
  { title: 'tags', value: d => d.tags.join(';') },
  { title: 'group', value: d => d.group ?? '' },
  { title: 'canary', value: d => String(d.canary) },
  { title: 'enrolledAt', value: d => d.enrolledAt },
  { title: 'enrolledBy', value: d => d.enrolledBy },
  { title: 'lastSeenAt', value: d => d.lastSeenAt ?? '' },
  { title: 'revokedAt', value: d => d.revokedAt ?? '' },
  { title: 'alarms', value: d => d.alarms.map(a => a.alarm).join(';') },
];
