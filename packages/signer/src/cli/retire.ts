/** `retire`: the last lists of a product, valid for years. */
import type { Command } from 'commander';
import { SignerError } from '../signer-error.ts';
import { submitRetirement } from '../submit/submit-retirement.ts';
import { command, openRepository, show, wholeNumber } from './command.ts';
import { json } from './print.ts';
import {
  atService,
  isAtService,
  mustBePublished,
  mustNotSignHere,
  type ServiceOptions,
  shown,
  withService,
} from './service-option.ts';
import type { Terminal } from './terminal.ts';
import { SERVICE_KEY_HINT } from './texts.ts';

interface Options extends ServiceOptions {
  readonly days?: number;
  readonly all?: boolean;
}

export function retireCommand(terminal: Terminal): Command {
  const retire = command('retire', "Draft a product's last lists, valid for years, after its support has ended.", [
    'retire gw2',
    'retire gw2 --days 1825 --all    # the last product of this repository',
    'retire gw2 --service https://signing.example --root ./root.json --key file:./ada.json    # each holder in turn',
  ])
    .argument('<product>')
    .option('--days <n>', 'how long they are valid (else ten years)', wholeNumber)
    .option('--all', 'draft root and targets for as long: nobody will sign any more');
  return withService(retire, SERVICE_KEY_HINT).action(async (product: string, _options: unknown, cmd: Command) => {
    const options = cmd.optsWithGlobals<Options>();
    const { days, all } = options;
    if (isAtService(options)) return retireAt(options, product, terminal);
    mustNotSignHere(options);
    const drafts = await (await openRepository(options, terminal)).retire({ product, days, all });
    const lines = [
      ...drafts.map(d => `Draft of ${d.role} version ${d.version}, valid until ${d.expires}. Sign it.`),
      ...(drafts.length === 0 ? [`${product} is retired already; nothing changed.`] : []),
      all === true
        ? 'Then set expiryDays of snapshot and timestamp in tidegate-signer.yaml as high, and refresh and publish once more.'
        : 'Go on refreshing snapshot and timestamp for as long; they are for all products.',
      '',
    ].join('\n');
    show(terminal, options, { drafts }, lines);
  });
}

async function retireAt(
  options: Options & { readonly service: string; readonly root: string },
  product: string,
  terminal: Terminal,
): Promise<void> {
  const { days, all, service } = options;
  if (all === true) {
    throw new SignerError('usage', 'Root and targets are signed in the ceremony, not here: leave out --all.');
  }
  const { lists, othersSign } = await atService(options, terminal, to => submitRetirement(to, { product, days }));
  if (options.json === true) terminal.out(json({ product, lists: lists.map(shown), othersSign }));
  for (const list of lists) mustBePublished(list, service);
  if (othersSign.length > 0) {
    throw new SignerError(
      'threshold-not-met',
      `This key does not sign ${othersSign.join(', ')}. Their holders run the same command with theirs.`,
    );
  }
  if (options.json === true) return;
  for (const { role, version } of lists) terminal.out(`Retired: ${role} version ${version} is published.\n`);
}
