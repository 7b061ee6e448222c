/** `ci sign`: what a build runs to bring a release on its way. One JSON object on stdout; words go to stderr. */
import { basename } from 'node:path';
import { Command } from 'commander';
import { LIMITS } from '@tidegate/protocol';
import { checkedUrl } from '../http/exchange.ts';
import { buildToken, TOKEN_VARIABLE } from '../submit/build-token.ts';
import { submitRelease } from '../submit/submit-release.ts';
import { command, wholeNumber } from './command.ts';
import { neededFile } from './files.ts';
import { signer } from './key-option.ts';
import { json, progressBar } from './print.ts';
import { type ReleaseOptions, releaseOf, withRelease } from './release-option.ts';
import { mustBePublished } from './service-option.ts';
import type { Terminal } from './terminal.ts';
import { PASSPHRASE_HINT } from './texts.ts';

interface Options extends ReleaseOptions {
  readonly service: string;
  readonly root: string;
  readonly key: string;
  readonly passphraseFile?: string;
  readonly audience?: string;
  readonly days?: number;
  readonly wait: number;
  readonly replaceWaiting?: boolean;
}

export function ciCommand(terminal: Terminal): Command {
  return new Command('ci').description('For build pipelines.').addCommand(ciSignCommand(terminal));
}

function ciSignCommand(terminal: Terminal): Command {
  const sign = command('sign', "List, sign and submit a build's image; run it again if it was cut off.", [
    'ci sign --file release.yaml --service https://signing.example --root ./root.json --key env:FW_KEY',
    'ci sign build/rootfs.img --file release.yaml --version 1.4.0 --service https://signing.example --root ./root.json --key awskms:alias/ci',
  ]);
  return withRelease(sign)
    .requiredOption('--service <url>', "the signing service's address")
    .requiredOption('--root <file>', 'root that is trusted beforehand, from your own repository')
    .requiredOption('--key <key>', "URI, or the name of a key in the keys folder: the build's own key")
    .option('--passphrase-file <file>', PASSPHRASE_HINT)
    .option('--audience <name>', "whom GitHub's token is made out to (else the service's address)")
    .option('--days <n>', 'how long the list is valid', wholeNumber)
    .option('--wait <seconds>', 'how long to wait for the publication', wholeNumber, 300)
    .option('--replace-waiting', 'take the place of a list that waits for signatures (needs a token)')
    .addHelpText(
      'after',
      `\nThe build proves whose it is by an OIDC token: of GitHub's runner, or from the variable ${TOKEN_VARIABLE}; else by its signature alone.` +
        '\nExit code: 0 published; 3 a signature of a person is missing; 6 key or token refused; 7 another list is in the way; 10 try again later.',
    )
    .action(async (image: string | undefined, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const { service, audience = checkedUrl(service).origin, days, wait, replaceWaiting = false } = options;
      const release = await releaseOf(image, options);
      await using key = await signer(options.key, options, terminal, options.passphraseFile);
      const to = {
        service,
        root: await neededFile(options.root, LIMITS.rootBytes),
        signer: key,
        token: () => buildToken({ env: terminal.env, audience }),
        now: terminal.now,
        pause: terminal.pause,
        channelDays: days,
        replaceWaiting,
        waitSeconds: wait,
        onProgress: progressBar(terminal, basename(release.file)),
      };
      const submitted = await submitRelease(to, release);
      const { path, sha256, counter } = submitted.made;
      const { role, version, pending, state, submission } = submitted;
      terminal.out(json({ role, version, path, sha256, counter, pending, state, submission }));
      mustBePublished(submitted, service);
      terminal.err(`Published ${path} by ${role} version ${version}.\n`);
    });
}
