/** `hold`: asks every device not to install a version; lifts that; lists what is held. Here, or at the signing service. */
import { Command } from 'commander';
import { LIMITS, type Localized } from '@tidegate/protocol';
import type { HoldRequest, HoldResult } from '../edit/hold.ts';
import type { HeldVersion } from '../edit/holds.ts';
import type { Signer } from '../keys/signer.ts';
import { printable } from '../diff/words.ts';
import type { Repository } from '../repository.ts';
import { SignerError } from '../signer-error.ts';
import { copyFrom } from '../submit/submit-list.ts';
import { command, openRepository, show } from './command.ts';
import { neededFile } from './files.ts';
import { signer } from './key-option.ts';
import { gatherLocalized, oneText } from './localized.ts';
import { table } from './print.ts';
import {
  isAtService,
  type ServiceOptions,
  type ServicePlace,
  submit,
  withService,
  withServicePlace,
} from './service-option.ts';
import type { Terminal } from './terminal.ts';
import { REASON_HINT } from './texts.ts';

interface Options extends ServiceOptions {
  readonly reason: Localized;
}

type Act = (repo: Repository, request: HoldRequest, key?: Signer) => Promise<HoldResult>;

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
    "hold gw2 rootfs 1.4.0 --reason 'Wi-Fi is lost.' --service https://signing.example --root ./root.json --key file:./grace.json",
  ]);
  const act: Act = (repo, request, key) => repo.addHold(request, key);
  return withHold(add, 'why, in plain words: device owners read it', terminal, act, { done: 'Holds', again: 'held' });
}

function holdLiftCommand(terminal: Terminal): Command {
  const lift = command('lift', 'End a hold: devices may install the version again, where its channel lists it.', [
    "hold lift gw2 rootfs 1.4.0 --reason 'It was the router.' --key grace",
    "hold lift gw2 rootfs 1.4.0 --reason 'It was the router.' --service https://signing.example --root ./root.json --key file:./grace.json",
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
  const named = cmd
    .argument('<product>')
    .argument('<component>')
    .argument('<version>')
    .requiredOption('--reason <text>', `${why}. ${REASON_HINT}`, gatherLocalized);
  return withService(named, 'sign at once with this key: URI, or the name of a key in the keys folder').action(
    async (product: string, component: string, version: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      const request = { product, component, version, reason: options.reason };
      const what = `${component} ${version} of ${product}`;
      const said = ({ changed }: Pick<HoldResult, 'changed'>) =>
        changed ? `${words.done} ${what}.` : `${what} is ${words.again} already.`;
      const warn = ({ listed }: Pick<HoldResult, 'listed'>) => {
        if (!listed && options.json !== true) {
          terminal.err(`No list here names ${what}: is it the version that devices see?\n`);
        }
      };
      if (isAtService(options)) {
        const make = async (repo: Repository) => {
          const { path, role, changed, listed } = await act(repo, request);
          warn({ listed });
          return { path, role, changed, listed, asked: { act: words.done, ...request } };
        };
        return submit(options, terminal, { product, make }, said);
      }
      const repo = await openRepository(options, terminal);
      const { key: text, passphraseFile } = options;
      await using key = text === undefined ? undefined : await signer(text, options, terminal, passphraseFile);
      const result = await act(repo, request, key);
      warn(result);
      show(terminal, options, result, `${said(result)} ${nextOf(result)}\n`);
      const missing = result.signed?.missing ?? 0;
      if (missing > 0)
        throw new SignerError('threshold-not-met', `${result.role} waits for ${missing} more signature(s).`);
    },
  );
}

function nextOf({ role, changed, signed }: HoldResult): string {
  if (signed?.complete === true) return `${role} version ${signed.version} is complete: publish it.`;
  if (signed) return `Signed; ${signed.missing} more wanted.`;
  return changed ? `Next: tidegate-signer sign ${role} --key …` : 'Nothing changed.';
}

function holdListCommand(terminal: Terminal): Command {
  const list = command('list', 'What is held, and what waits for a signature.', [
    'hold list',
    'hold list gw2 --json',
    'hold list gw2 --service https://signing.example --root ./root.json',
  ]).argument('[product]', 'all unless said');
  return withServicePlace(list).action(async (product: string | undefined, _options: unknown, self: Command) => {
    const options = self.optsWithGlobals<ServicePlace>();
    const held = isAtService(options)
      ? await heldAt(options, product, terminal)
      : await heldHere(options, product, terminal);
    show(terminal, options, { holds: held }, held.length === 0 ? 'Nothing is held.\n' : listing(held));
  });
}

async function heldHere(options: ServicePlace, product: string | undefined, terminal: Terminal) {
  return (await openRepository(options, terminal)).holds(product);
}

async function heldAt(
  { service, root }: { service: string; root: string },
  product: string | undefined,
  { now }: Terminal,
) {
  await using copy = await copyFrom({ service, root: await neededFile(root, LIMITS.rootBytes), now }, product);
  // Awaited here: the folder goes with this function.
  return await copy.repository.holds(product);
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
