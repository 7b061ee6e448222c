/** `key gen`: a new key, sealed under a passphrase. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Argument, type Command, Option } from 'commander';
import { generateKeyFile } from '../keys/key-file.ts';
import { SignerError } from '../signer-error.ts';
import { hasConfig, KEY_KINDS, type KeyKind } from '../store/config.ts';
import { KEY_TYPES, type KeyType } from '../tuf/key.ts';
import { type Common, command, openRepository, show } from './command.ts';
import { keysFolder } from './key-option.ts';
import { passphraseFor } from './secret.ts';
import type { Terminal } from './terminal.ts';
import { PASSPHRASE_HINT } from './texts.ts';

interface Options extends Common {
  readonly kind: KeyKind;
  readonly type: KeyType;
  readonly passphraseFile?: string;
}

export function keyGenCommand(terminal: Terminal): Command {
  return command('gen', 'Make a key in an encrypted file.', [
    'key gen alice',
    'key gen ci --kind ci --passphrase-file ./ci.pass --keys ./keys',
    'key gen bob --type ecdsa-p256',
  ])
    .addArgument(new Argument('<name>', 'name of the key, and of its file'))
    .addOption(new Option('--kind <kind>', 'who holds it').choices(KEY_KINDS).default('person'))
    .addOption(new Option('--type <type>', 'what it signs with').choices(KEY_TYPES).default('ed25519'))
    .option('--passphrase-file <file>', PASSPHRASE_HINT)
    .action(async (name: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const dir = keysFolder(options);
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const path = join(dir, `${name}.json`);
      const passphrase = await newPassphrase(name, options.passphraseFile, terminal);
      const { keyid, kind } = await generateKeyFile(path, { passphrase, kind: options.kind, type: options.type });
      if (await hasConfig(options.repo)) {
        await (await openRepository(options, terminal)).noteKey({ name, keyid, kind });
      }
      show(terminal, options, { name, keyid, kind, path }, `Made key ${name} (${kind}), id ${keyid}, in ${path}.\n`);
    });
}

/** One that a person types is asked for twice, for nobody could open the key after a slip. */
async function newPassphrase(name: string, file: string | undefined, terminal: Terminal): Promise<string> {
  const first = await passphraseFor(name, file, terminal);
  const typed = file === undefined && !terminal.env['TIDEGATE_PASSPHRASE'] && terminal.askSecret;
  if (typed && (await typed('The same again: ')) !== first) {
    throw new SignerError('passphrase-wrong', 'The two passphrases differ; no key was made.');
  }
  return first;
}
