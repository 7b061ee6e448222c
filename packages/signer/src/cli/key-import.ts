/** `key import`: takes in the public halves of other people's keys. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { PUBLIC_SUFFIX } from '../keys/key-name.ts';
import { publicKeyText, readPublicKeyFile } from '../keys/public-key-file.ts';
import type { PublicKey } from '../keys/signer.ts';
import { SignerError } from '../signer-error.ts';
import { hasConfig } from '../store/config.ts';
import { createDurably } from '../store/durable-file.ts';
import { type Common, command, openRepository, show } from './command.ts';
import { keysFolder } from './key-option.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Common {
  readonly id?: string;
}

interface Imported extends Omit<PublicKey, 'key'> {
  readonly path: string;
  /** False where it was here before. */
  readonly added: boolean;
}

export function keyImportCommand(terminal: Terminal): Command {
  return command('import', "Take in the public halves of other people's keys.", [
    'key import alice.pub.json bob.pub.json',
    'key import alice.pub.json --id 3f2a…      # refused where the file holds another key',
  ])
    .argument('<files...>', 'public key files, made by "key export"')
    .option('--id <keyid>', 'the id that the holder told you, over another way than the file came')
    .action(async (files: readonly string[], _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const keys = await Promise.all(files.map(readPublicKeyFile));
      const other = keys.find(key => options.id !== undefined && key.keyid !== options.id);
      if (other) {
        throw new SignerError(
          'key-file-invalid',
          `${other.name} has key ${other.keyid}, not the one that you were told.`,
        );
      }
      const imported: Imported[] = [];
      for (const key of keys) imported.push(await takeIn(key, options, terminal));
      const ask = options.id === undefined ? imported.filter(i => i.added) : [];
      show(terminal, options, imported, [...imported.map(told), ...ask.map(asked)].join(''));
    });
}

/** @throws SignerError `key-exists` where another key has the name */
async function takeIn(key: PublicKey, options: Options, terminal: Terminal): Promise<Imported> {
  const { name, keyid, kind } = key;
  const dir = keysFolder(options);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, `${name}${PUBLIC_SUFFIX}`);
  const added = await createDurably(path, publicKeyText(key));
  if (!added && (await readPublicKeyFile(path)).keyid !== keyid) {
    throw new SignerError('key-exists', `Another key named ${name} is known here already, in ${path}.`);
  }
  if (await hasConfig(options.repo)) await (await openRepository(options, terminal)).noteKey({ name, keyid, kind });
  return { name, keyid, kind, path, added };
}

function told({ name, kind, added }: Imported): string {
  return added ? `Took in key ${name} (${kind}).\n` : `Key ${name} (${kind}) was here before.\n`;
}

function asked({ name, keyid }: Imported): string {
  return `Ask who holds ${name} whether its id is ${keyid}\n`;
}
