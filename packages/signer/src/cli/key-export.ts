/** `key export`: the public half of a key as a file for others. */
import type { Command } from 'commander';
import { publicKeyText } from '../keys/public-key-file.ts';
import { writeDurably } from '../store/durable-file.ts';
import { type Common, command, show } from './command.ts';
import { publicKey } from './key-option.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Common {
  readonly out: string;
}

export function keyExportCommand(terminal: Terminal): Command {
  return command('export', 'Write the public half of a key to a file for others.', [
    'key export alice --out alice.pub.json',
  ])
    .argument('<key>', 'file:PATH, or the name of a key in the keys folder')
    .requiredOption('--out <file>', 'file to write')
    .action(async (text: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const key = await publicKey(text, options);
      await writeDurably(options.out, publicKeyText(key));
      const { name, keyid, kind } = key;
      show(
        terminal,
        options,
        { name, keyid, kind, path: options.out },
        `Wrote the public half of ${name} (${kind}) to ${options.out}.\n` +
          `Tell its id to whoever takes it in, over another way than the file goes: ${keyid}\n`,
      );
    });
}
