/**
 * `--service`: an act on signed lists from anywhere, without the repository's folder. It is made on what the signing
 * service serves, trusted from --root only, signed here, and brought to the service, which publishes it.
 */
import type { Command } from 'commander';
import { LIMITS } from '@tidegate/protocol';
import { checkedUrl } from '../http/exchange.ts';
import { SignerError } from '../signer-error.ts';
import { buildToken, checkedToken } from '../submit/build-token.ts';
import { type ListWork, type MadeList, type SubmitTo, type Submitted, submitList } from '../submit/submit-list.ts';
import { type Common, wholeNumber } from './command.ts';
import { neededFile } from './files.ts';
import { signer } from './key-option.ts';
import { json } from './print.ts';
import type { Terminal } from './terminal.ts';
import { PASSPHRASE_HINT } from './texts.ts';

/** What reading at the service takes. */
export interface ServicePlace extends Common {
  readonly service?: string;
  readonly root?: string;
}

export interface ServiceOptions extends ServicePlace {
  readonly key?: string;
  readonly passphraseFile?: string;
  readonly tokenFile?: string;
  readonly wait?: number;
  readonly replaceWaiting?: boolean;
}

const TOKEN_BYTES = 20_000;
const WAIT_SECONDS = 300;

export function withServicePlace(cmd: Command): Command {
  return cmd
    .option('--service <url>', "the signing service's address, in place of a repository folder")
    .option('--root <file>', 'with --service: root that is trusted beforehand, from your own safe place');
}

/** @param keyHint what --key is for */
export function withService(cmd: Command, keyHint: string): Command {
  return withServicePlace(cmd)
    .option('--key <key>', keyHint)
    .option('--passphrase-file <file>', PASSPHRASE_HINT)
    .option('--token-file <file>', "with --service: file with a token, where the list's signature does not do")
    .option(
      '--wait <seconds>',
      `with --service: how long to wait for the publication (else ${WAIT_SECONDS})`,
      wholeNumber,
    )
    .option('--replace-waiting', 'with --service: take the place of a list that waits for signatures (needs a token)')
    .addHelpText(
      'after',
      '\nWith --service, run it again if it was cut off. Exit code: 0 published; 3 a signature is missing; 6 or 13 key or token refused; 7 another list is in the way; 10 try again later.',
    );
}

/** @returns whether the act goes to the service @throws SignerError `usage` for options that say half of it */
export function isAtService(options: ServiceOptions): options is ServiceOptions & { service: string; root: string } {
  const { service, root, tokenFile, wait, replaceWaiting } = options;
  if (service === undefined) {
    if ([root, tokenFile, wait, replaceWaiting].every(said => said === undefined)) return false;
    throw new SignerError('usage', 'Say which service: add --service URL.');
  }
  if (root !== undefined) return true;
  throw new SignerError('usage', 'What a service shows is judged from a root that you trust: add --root FILE.');
}

/** For acts that have no use for a key beside a repository folder. @throws SignerError `usage` */
export function mustNotSignHere({ key }: ServiceOptions): void {
  if (key !== undefined)
    throw new SignerError('usage', '--key goes with --service; here, run "tidegate-signer sign" next.');
}

/** Runs with all that a submission takes. @throws SignerError `usage`, those of key and files */
export async function atService<T>(
  options: ServiceOptions & { readonly service: string; readonly root: string },
  terminal: Terminal,
  run: (to: SubmitTo) => Promise<T>,
): Promise<T> {
  const { service, root, key, passphraseFile, tokenFile, wait = WAIT_SECONDS, replaceWaiting = false } = options;
  if (key === undefined) throw new SignerError('usage', 'A service takes what is signed: add --key KEY.');
  const audience = checkedUrl(service).origin;
  const token = async () => {
    if (tokenFile === undefined) return buildToken({ env: terminal.env, audience });
    return checkedToken((await neededFile(tokenFile, TOKEN_BYTES)).toString('utf8').trim(), tokenFile);
  };
  await using held = await signer(key, options, terminal, passphraseFile);
  const { now, pause } = terminal;
  const trusted = await neededFile(root, LIMITS.rootBytes);
  // Awaited here: the key is closed with this function.
  return await run({ service, root: trusted, signer: held, token, now, pause, replaceWaiting, waitSeconds: wait });
}

/**
 * One list, to its end.
 * @param said what was done, in words
 * @throws SignerError those of `submitList` and `mustBePublished`
 */
export async function submit<M extends MadeList>(
  options: ServiceOptions & { readonly service: string; readonly root: string },
  terminal: Terminal,
  work: ListWork<M>,
  said: (made: M) => string,
): Promise<void> {
  const submitted = await atService(options, terminal, to => submitList(to, work));
  const { made, role, version } = submitted;
  if (options.json === true) terminal.out(json(shown(submitted)));
  mustBePublished(submitted, options.service);
  if (options.json !== true) terminal.out(`${said(made)} Published by ${role} version ${version}.\n`);
}

/** One JSON object of it: the act's own fields, then where it stands. */
export function shown<M extends MadeList>({ made, version, pending, state, submission, open }: Submitted<M>): object {
  const { asked: _asked, ...fields } = made;
  return { ...fields, version, pending, state, submission, missing: state === 'waiting' ? open : [] };
}

/** @throws SignerError `threshold-not-met`, `publication-pending`: the exit code says what stdout says */
export function mustBePublished(
  { role, version, state, pending, submission, open, delay }: Omit<Submitted<MadeList>, 'made'>,
  service: string,
): void {
  if (state === 'waiting') {
    throw new SignerError(
      'threshold-not-met',
      `${role} version ${version} waits for ${pending.missing} more of ${pending.of} signatures (${open.join(', ')}). ` +
        `Next: tidegate-signer sign --submission ${submission} --service ${service} --trusted-root … --key …`,
    );
  }
  if (state === 'publishing') {
    throw new SignerError(
      'publication-pending',
      `${role} version ${version} has all its signatures; the service is still publishing it and goes on by itself.` +
        (delay === undefined ? '' : ` What keeps it: ${delay}`),
    );
  }
}
