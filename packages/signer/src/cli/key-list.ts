/** `key list`: the key files in the keys folder and the keys that the repository knows. Needs no passphrase. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { readPublicKey } from '../keys/key-file.ts';
import { hasConfig, readConfig } from '../store/config.ts';
import { type Common, command, show } from './command.ts';
import { keysFolder } from './key-option.ts';
import { table } from './print.ts';
import type { Terminal } from './terminal.ts';

interface Row {
  readonly name: string;
  readonly keyid: string;
  readonly kind: string;
  /** Whether its file lies in the keys folder. */
  readonly here: boolean;
}

export function keyListCommand(terminal: Terminal): Command {
  return command('list', 'List keys.', ['key list', 'key list --json --keys ./keys']).action(
    async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Common>();
      const rows = await keyRows(options);
      const lines = table(
        ['NAME', 'KIND', 'FILE', 'KEY ID'],
        rows.map(r => [r.name, r.kind, r.here ? 'here' : 'elsewhere', r.keyid]),
      );
      show(terminal, options, rows, lines);
    },
  );
}

async function keyRows(options: Common): Promise<Row[]> {
  const dir = keysFolder(options);
  const files = (await readdir(dir).catch(() => [])).filter(name => name.endsWith('.json')).toSorted();
  const here = await Promise.all(files.map(file => readPublicKey(join(dir, file))));
  const known = (await hasConfig(options.repo)) ? (await readConfig(options.repo)).keys : [];
  return [
    ...here.map(({ name, keyid, kind }) => ({ name, keyid, kind, here: true })),
    ...known.filter(k => !here.some(h => h.keyid === k.keyid)).map(k => ({ ...k, here: false })),
  ];
}
