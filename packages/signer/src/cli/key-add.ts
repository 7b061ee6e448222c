/** `key add`: gives a name to a key that is kept elsewhere, after it has proved itself. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Argument, type Command, Option } from 'commander';
import { signerFromUri } from '../keys/key-uri.ts';
import { writeKeyReference } from '../keys/key-reference.ts';
import { hasConfig, KEY_KINDS, type KeyKind } from '../store/config.ts';
import { type Common, command, openRepository, show } from './command.ts';
import { keyAccess, keysFolder } from './key-option.ts';
import type { Terminal } from './terminal.ts';
import { PASSPHRASE_HINT } from './texts.ts';

interface Options extends Common {
  readonly uri: string;
  readonly kind: KeyKind;
  readonly passphraseFile?: string;
}

export function keyAddCommand(terminal: Terminal): Command {
  return command('add', 'Name a key that is kept elsewhere: its public half is fetched, and it signs a challenge.', [
    "key add alice --uri 'pkcs11:token=alice;object=fw?module-path=/usr/lib/softhsm/libsofthsm2.so'",
    'key add ci --kind ci --uri awskms:alias/fw',
    'key add ci --kind ci --uri exec:/usr/local/bin/sign-fw',
    'key add ci --kind ci --uri env:FW_KEY',
  ])
    .addArgument(new Argument('<name>', 'name of the key, and of its reference'))
    .requiredOption('--uri <uri>', 'where it is kept')
    .addOption(new Option('--kind <kind>', 'who holds it').choices(KEY_KINDS).default('person'))
    .option('--passphrase-file <file>', PASSPHRASE_HINT)
    .action(async (name: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const { uri, kind } = options;
      const dir = keysFolder(options);
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const path = join(dir, `${name}.json`);
      await using signer = await signerFromUri(uri, keyAccess(terminal, options.passphraseFile));
      const { keyid, scheme } = await writeKeyReference(path, { uri, kind }, signer);
      if (await hasConfig(options.repo)) {
        await (await openRepository(options, terminal)).noteKey({ name, keyid, kind, uri });
      }
      show(
        terminal,
        options,
        { name, keyid, kind, scheme, uri, path },
        `Key ${name} (${kind}, ${scheme}) has proved itself: id ${keyid}, noted in ${path}.\n`,
      );
    });
}
