/**
 * `token create`: claim tokens as CSV, in batches. The server shows a token once, so each batch is on the disk before the
 * next is asked for, and the file is opened before the first.
 */
import { CLAIM_TOKENS_PER_REQUEST, ClaimTokensAnswer } from '@tidegate/protocol';
import type { Command } from 'commander';
import { stringify } from 'csv-stringify/sync';
import type { AdminApi } from '../api/admin-api.ts';
import { CliError } from '../cli-error.ts';
import { command, groupName, name, wholeNumber } from '../command.ts';
import { progressLine } from '../print/progress-line.ts';
import { show } from '../print/say.ts';
import { localTime, span } from '../print/when.ts';
import { openSecretFile, type SecretFile } from '../settings/files.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';

interface Options extends Common {
  readonly product: string;
  readonly count: number;
  readonly out: string;
  readonly expires?: number;
  readonly group?: string;
}

const MOST = 10_000_000;

export function tokenCreateCommand(terminal: Terminal): Command {
  return command('create', 'Make one-time claim tokens, as CSV into a file that only you can read.', [
    'token create --product gw2 --count 500 --out claim-tokens.csv',
    'token create --product gw2 --count 50000 --out line-3.csv --expires 90d --group pilot',
  ])
    .requiredOption('--product <name>', 'the product whose devices enrol with them', name)
    .requiredOption('--count <n>', 'how many', wholeNumber(1, MOST))
    .requiredOption('--out <file>', 'a file that is not there yet; columns: product, claimToken, expiresAt')
    .option('--group <name>', 'devices that enrol with them belong to this group', groupName)
    .option('--expires <span>', 'how long they are good (30d unless given)', span)
    .action(async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const api = await openSession(options, terminal);
      await using file = await openSecretFile(options.out);
      const expiresAt = await fill(file, api, options, terminal);
      const { product, count, out } = options;
      show(terminal, options, { product, count, file: out, expiresAt }, () => [
        `${count} claim tokens for ${product} are in ${out}, good until ${localTime(expiresAt)}.`,
        'Each enrols one device. The server keeps only their hashes: guard the file, and remove it once they are on devices.',
      ]);
    });
}

/** @returns when the first of them expire */
async function fill(file: SecretFile, api: AdminApi, options: Options, terminal: Terminal): Promise<string> {
  const { product, count, expires, group } = options;
  const progress = progressLine(terminal, options, 'claim tokens');
  let made = 0;
  let firstExpiry: string | undefined;
  try {
    await file.append(stringify([['product', 'claimToken', 'expiresAt']]));
    while (made < count) {
      const wanted = Math.min(CLAIM_TOKENS_PER_REQUEST, count - made);
      const request = { product, count: wanted, expiresInSeconds: expires, group };
      const { tokens, expiresAt } = await api.post('/claim-tokens', request, ClaimTokensAnswer);
      if (tokens.length !== wanted) {
        throw new CliError('answer-invalid', `The server sent ${tokens.length} tokens where ${wanted} were asked for.`);
      }
      await file.append(stringify(tokens.map(token => [product, token, expiresAt])));
      made += wanted;
      firstExpiry ??= expiresAt;
      progress.show(made, count);
    }
    return firstExpiry ?? '';
  } catch (error) {
    if (made === 0) await file.discard();
    throw error instanceof CliError && made > 0 ? error.within(goingOn(options, made)) : error;
  } finally {
    progress.end();
  }
}

function goingOn({ product, count, out, group }: Options, made: number): string {
  const same = group === undefined ? '' : ` --group ${group}`;
  const rest = `tidegate token create --product ${product} --count ${count - made} --out ANOTHER.csv${same}`;
  return `${made} of ${count} claim tokens are safe in ${out}. For the rest: ${rest}`;
}
