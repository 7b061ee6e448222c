/** `key import`: takes in the public half of someone else's key. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { publicKeyText, readPublicKeyFile } from '../keys/public-key-file.ts';
import { SignerError } from '../signer-error.ts';
import { hasConfig } from '../store/config.ts';
import { createDurably } from '../store/durable-file.ts';
import { type Common, command, openRepository, show } from './command.ts';
import { keysFolder, PUBLIC_SUFFIX } from './key-option.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Common {
  readonly id?: string;
}

export function keyImportCommand(terminal: Terminal): Command {
  return command('import', "Take in the public half of someone else's key.", [
    'key import alice.pub.json',
    'key import alice.pub.json --id 3f2a…      # refused where the file holds another key',
  ])
    .argument('<file>', 'public key file, made by "key export"')
    .option('--id <keyid>', 'the id that the holder told you, over another way than the file came')
    .action(async (file: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const key = await readPublicKeyFile(file);
      const { name, keyid, kind } = key;
      if (options.id !== undefined && options.id !== keyid) {
        throw new SignerError('key-file-invalid', `${file} holds key ${keyid}, not the one that you were told.`);
      }
      const dir = keysFolder(options);
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const path = join(dir, `${name}${PUBLIC_SUFFIX}`);
      const added = await createDurably(path, publicKeyText(key));
      if (!added && (await readPublicKeyFile(path)).keyid !== keyid) {
        throw new SignerError('key-exists', `Another key named ${name} is known here already, in ${path}.`);
      }
      if (await hasConfig(options.repo)) {
        await (await openRepository(options, terminal)).noteKey({ name, keyid, kind });
      }
      const lines = options.id === undefined ? `Ask ${name} whether its id is ${keyid}\n` : '';
      show(terminal, options, { name, keyid, kind, path, added }, `Took in key ${name} (${kind}).\n${lines}`);
    });
}
