/** `hold`: asks every device not to install a version; lifts that; lists what is held. */
import { Command } from 'commander';
import type { Localized } from '@tidegate/protocol';
import type { HoldRequest, HoldResult } from '../edit/hold.ts';
import type { HeldVersion } from '../edit/holds.ts';
import type { Signer } from '../keys/signer.ts';
import { printable } from '../diff/words.ts';
import type { Repository } from '../repository.ts';
import { SignerError } from '../signer-error.ts';
import { type Common, command, openRepository, show } from './command.ts';
import { signer } from './key-option.ts';
import { gatherLocalized, oneText } from './localized.ts';
import { table } from './print.ts';
import type { Terminal } from './terminal.ts';
import { PASSPHRASE_HINT, REASON_HINT } from './texts.ts';

interface Options extends Common {
  readonly reason: Localized;
  readonly key?: string;
  readonly passphraseFile?: string;
}

type Act = (repo: Repository, request: HoldRequest, key: Signer | undefined) => Promise<HoldResult>;

export function holdCommand(terminal: Terminal): Command {
  const hold = new Command('hold').description('Ask devices not to install a version, whatever the server says.');
  hold.addCommand(holdAddCommand(terminal), { isDefault: true });
  for (const make of [holdLiftCommand, holdListCommand]) hold.addCommand(make(terminal));
  return hold;
}

function holdAddCommand(terminal: Terminal): Command {
  const add = command('add', 'Hold a version; with --key signed at once. The word "add" may be left out.', [
    "hold gw2 rootfs 1.4.0 --reason 'Wi-Fi is lost after a day.' --key grace",
    "hold gw2 rootfs 1.4.0 --reason 'Wi-Fi is lost after a day.' --reason 'de=Das WLAN fällt nach einem Tag aus.'",
  ]);
  const act: Act = (repo, request, key) => repo.addHold(request, key);
  return withHold(add, 'why, in plain words: device owners read it', terminal, act, { done: 'Holds', again: 'held' });
}

function holdLiftCommand(terminal: Terminal): Command {
  const lift = command('lift', 'End a hold: devices may install the version again, where its channel lists it.', [
    "hold lift gw2 rootfs 1.4.0 --reason 'It was the router.' --key grace",
  ]);
  const act: Act = (repo, request, key) => repo.liftHold(request, key);
  return withHold(lift, 'why, in plain words: it is signed along', terminal, act, { done: 'Frees', again: 'free' });
}

function withHold(
  cmd: Command,
  why: string,
  terminal: Terminal,
  act: Act,
  words: { readonly done: string; readonly again: string },
): Command {
  return cmd
    .argument('<product>')
    .argument('<component>')
    .argument('<version>')
    .requiredOption('--reason <text>', `${why}. ${REASON_HINT}`, gatherLocalized)
    .option('--key <key>', 'sign at once with this key: URI, or the name of a key in the keys folder')
    .option('--passphrase-file <file>', PASSPHRASE_HINT)
    .action(async (product: string, component: string, version: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      const { reason, passphraseFile } = options;
      const repo = await openRepository(options, terminal);
      await using key =
        options.key === undefined ? undefined : await signer(options.key, options, terminal, passphraseFile);
      const result = await act(repo, { product, component, version, reason }, key);
      const what = `${component} ${version} of ${product}`;
      if (!result.listed && options.json !== true) {
        terminal.err(`No list here names ${what}: is it the version that devices see?\n`);
      }
      const said = result.changed ? `${words.done} ${what}.` : `${what} is ${words.again} already.`;
      show(terminal, options, result, `${said} ${nextOf(result)}\n`);
      const missing = result.signed?.missing ?? 0;
      if (missing > 0)
        throw new SignerError('threshold-not-met', `${result.role} waits for ${missing} more signature(s).`);
    });
}

function nextOf({ role, changed, signed }: HoldResult): string {
  if (signed?.complete === true) return `${role} version ${signed.version} is complete: publish it.`;
  if (signed) return `Signed; ${signed.missing} more wanted.`;
  return changed ? `Next: tidegate-signer sign ${role} --key …` : 'Nothing changed.';
}

function holdListCommand(terminal: Terminal): Command {
  return command('list', 'What is held, and what waits for a signature.', ['hold list', 'hold list gw2 --json'])
    .argument('[product]', 'all unless said')
    .action(async (product: string | undefined, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<Common>();
      const held = await (await openRepository(options, terminal)).holds(product);
      show(terminal, options, { holds: held }, held.length === 0 ? 'Nothing is held.\n' : listing(held));
    });
}

const STATES: Record<HeldVersion['state'], string> = {
  held: 'held',
  drafted: 'held once it is signed',
  lifting: 'held until its end is signed',
};

function listing(held: readonly HeldVersion[]): string {
  const rows = held.map(({ product, component, version, state, reason }) => [
    product,
    component,
    version,
    STATES[state],
    printable(oneText(reason)),
  ]);
  return table(['PRODUCT', 'COMPONENT', 'VERSION', 'STATE', 'REASON'], rows);
}
