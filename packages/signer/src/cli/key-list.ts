/** `key list`: the key files in the keys folder and the keys that the repository knows. Needs no passphrase. */
import type { Command } from 'commander';
import { hasConfig, readConfig } from '../store/config.ts';
import { type Common, command, show } from './command.ts';
import { keysInFolder } from './known-keys.ts';
import { table } from './print.ts';
import type { Terminal } from './terminal.ts';

interface Row {
  readonly name: string;
  readonly keyid: string;
  readonly kind: string;
  /** Whether its file, with the private half, lies in the keys folder. */
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
  const inFolder = (await keysInFolder(options)).toSorted((a, b) => Number(b.own) - Number(a.own));
  const rows = inFolder.map(({ name, keyid, kind, own }) => ({ name, keyid, kind, here: own }));
  const known = (await hasConfig(options.repo)) ? (await readConfig(options.repo)).keys : [];
  const all = [...rows, ...known.map(k => ({ ...k, here: false }))];
  return all.filter((row, i) => all.findIndex(r => r.keyid === row.keyid) === i);
}
