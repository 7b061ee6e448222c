/** `device tag`: tags and groups devices, by name, by filter, or each by a line of a table. */
import { TAG_PATTERN, TagAnswer, TAGGED_BY_NAME, type TagRequest } from '@tidegate/protocol';
import { type Command, InvalidArgumentError } from 'commander';
import { CliError } from '../cli-error.ts';
import { command, confirm, groupName, hex32List, name } from '../command.ts';
import { show } from '../print/say.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';
import { tagByCsv } from './device-tag-csv.ts';

interface Options extends Common {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
  /** False: out of any. */
  readonly group?: string | false;
  readonly csv?: string;
  readonly device?: readonly string[];
  readonly product?: string;
  readonly filter?: string;
  readonly component?: string;
  readonly yes?: boolean;
}

export function deviceTagCommand(terminal: Terminal): Command {
  return command('tag', 'Give devices tags or a group, or take them away; filters know them as `tag` and `group`.', [
    'device tag --add lab --device 0123456789abcdef0123456789abcdef',
    'device tag --group pilot --device 0123456789abcdef0123456789abcdef',
    'device tag --csv devices.csv',
    "device tag --add trial --remove lab --product gw2 --filter 'site==north' --yes",
  ])
    .option('--add <tags>', 'tags to give; repeat or separate by commas', tagList)
    .option('--remove <tags>', 'tags to take away', tagList)
    .option('--group <name>', 'put them into this group, out of any other', groupName)
    .option('--no-group', 'put them out of their group')
    .option('--device <ids>', 'these devices; repeat or separate by commas', hex32List)
    .option('--product <name>', 'devices of this product', name)
    .option('--filter <rsql>', 'of those, the ones that this RSQL means')
    .option('--component <name>', 'whose version and counter the filter means', name)
    .option('--csv <file>', 'each device as its line says; columns: device, and of add, remove, group at least one')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      '\nIn the table, tags in one field are separated by spaces; an empty group leaves the group as it is, and - puts the\n' +
        'device out of it. All lines are judged before the first device is changed.',
    )
    .action(async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      if (options.csv !== undefined) {
        refuseBeside(options);
        await tagByCsv(options.csv, () => openSession(options, terminal), options, terminal);
        return;
      }
      const request = requestOf(options);
      const api = await openSession(options, terminal);
      if (options.device === undefined) {
        await confirm(
          terminal,
          options.yes,
          `Change the tags of ${options.filter ?? 'every device'} in ${options.product}?`,
        );
      }
      const total = { matched: 0, changed: 0, full: 0 };
      let after: string | null | undefined;
      do {
        const body: TagRequest = typeof after === 'string' ? { ...request, after } : request;
        const answer = await api.post('/device-tags', body, TagAnswer);
        if (answer.next !== null && answer.next === after)
          throw new CliError('answer-invalid', 'The tagging does not go on.');
        total.matched += answer.matched;
        total.changed += answer.changed;
        total.full += answer.full;
        after = answer.next;
      } while (after !== null);
      show(terminal, options, total, () => [
        `${total.changed} of ${total.matched === 1 ? '1 device' : `${total.matched} devices`} changed.`,
        ...(total.full > 0 ? [`${total.full} have as many tags as a device may have, and stay as they were.`] : []),
      ]);
    });
}

function refuseBeside({ add, remove, group, device, product, filter, component }: Options): void {
  if ([add, remove, group, device, product, filter, component].some(given => given !== undefined))
    throw new CliError('usage', 'The table says which devices and which tags: --csv stands alone.');
}

function requestOf({ add, remove, group, device, product, filter, component }: Options): TagRequest {
  if (add === undefined && remove === undefined && group === undefined)
    throw new CliError('usage', 'Say which tags or group: --add, --remove, --group or --no-group.');
  if ((device === undefined) === (product === undefined))
    throw new CliError('usage', 'Say which devices: --device, or --product and perhaps --filter.');
  if (device !== undefined && device.length > TAGGED_BY_NAME)
    throw new CliError('usage', `At most ${TAGGED_BY_NAME} devices at once.`);
  return {
    ...(add && { add: [...add] }),
    ...(remove && { remove: [...remove] }),
    ...(group !== undefined && { group: group === false ? null : group }),
    ...(device && { devices: [...device] }),
    ...(product !== undefined && { product }),
    ...(filter !== undefined && { filter }),
    ...(component !== undefined && { component }),
  };
}

const TAG = new RegExp(TAG_PATTERN);

function tagList(text: string, before: readonly string[] = []): readonly string[] {
  const tags = text.split(',').map(part => part.trim());
  if (!tags.every(tag => TAG.test(tag)))
    throw new InvalidArgumentError('A tag has 1 to 64 of a-z, 0-9, dot, dash and underscore.');
  return [...before, ...tags];
}
