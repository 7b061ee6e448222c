/** `root …`: who signs root and targets, how many of them, until when. Each makes or changes the draft of the next root. */
import { Command, Option } from 'commander';
import type { RootDraft } from '../edit/root.ts';
import { PEOPLE_ROLES, type PeopleRole } from '../policy/root-policy.ts';
import { type Common, command, openRepository, show, wholeNumber } from './command.ts';
import { findKeyId } from './key-id.ts';
import { publicKey } from './key-option.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Common {
  readonly role?: PeopleRole;
  readonly days: number;
}

export function rootCommand(terminal: Terminal): Command {
  return new Command('root')
    .description('Change who signs root and targets, how many, and until when.')
    .addCommand(addKeyCommand(terminal))
    .addCommand(removeKeyCommand(terminal))
    .addCommand(setThresholdCommand(terminal))
    .addCommand(expireCommand(terminal));
}

function addKeyCommand(terminal: Terminal): Command {
  return command('add-key', "Let one more person's key sign.", [
    'root add-key frank',
    'root add-key frank.pub.json --role root',
  ])
    .argument('<key>', 'name of a key in the keys folder, or a public key file')
    .addOption(roleOption())
    .action(async (text: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const key = await publicKey(text, options);
      say(
        terminal,
        options,
        await (await openRepository(options, terminal)).addRootKey({ key, roles: rolesOf(options) }),
      );
    });
}

function removeKeyCommand(terminal: Terminal): Command {
  return command('remove-key', 'Let a key sign no more.', ['root remove-key frank', 'root remove-key 3f2a91b0'])
    .argument('<key>', 'its name, its id, or the first eight digits of its id or more')
    .addOption(roleOption())
    .action(async (text: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const repo = await openRepository(options, terminal);
      const keyid = findKeyId(text, await repo.keys());
      say(terminal, options, await repo.removeRootKey({ keyid, roles: rolesOf(options) }));
    });
}

function setThresholdCommand(terminal: Terminal): Command {
  return command('set-threshold', 'Set how many must sign.', [
    'root set-threshold 3',
    'root set-threshold 2 --role targets',
  ])
    .argument('<n>', 'signatures needed', wholeNumber)
    .addOption(roleOption().default('root'))
    .action(async (threshold: number, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const { role = 'root' } = options;
      say(terminal, options, await (await openRepository(options, terminal)).setRootThreshold({ role, threshold }));
    });
}

function expireCommand(terminal: Terminal): Command {
  return command('expire', 'Set until when the next root is valid.', ['root expire --days 365'])
    .requiredOption('--days <n>', 'days from now', wholeNumber)
    .action(async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      say(terminal, options, await (await openRepository(options, terminal)).expireRoot({ days: options.days }));
    });
}

function roleOption(): Option {
  return new Option('--role <role>', 'only this role (else root and targets)').choices(PEOPLE_ROLES);
}

function rolesOf({ role }: Options): readonly PeopleRole[] | undefined {
  return role === undefined ? undefined : [role];
}

function say(terminal: Terminal, options: Common, result: RootDraft): void {
  const { version, expires, changed } = result;
  const lines = changed
    ? `Draft of root version ${version}, valid until ${expires}. To be signed by the keys of root ${version} and of the one before.\n`
    : 'The root is so already; nothing changed.\n';
  show(terminal, options, result, lines);
}
