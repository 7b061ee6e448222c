/** `key list`: the keys folder's files and references, and the keys that the repository knows. Needs no passphrase. */
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
  /** Where the private half is kept: a URI, `file` for a file in the keys folder, `elsewhere` where nobody noted it. */
  readonly custody: string;
}

export function keyListCommand(terminal: Terminal): Command {
  return command('list', 'List keys.', ['key list', 'key list --json --keys ./keys']).action(
    async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Common>();
      const rows = await keyRows(options);
      const lines = table(
        ['NAME', 'KIND', 'KEY ID', 'CUSTODY'],
        rows.map(r => [r.name, r.kind, r.keyid, r.custody]),
      );
      show(terminal, options, rows, lines);
    },
  );
}

async function keyRows(options: Common): Promise<Row[]> {
  const inFolder = (await keysInFolder(options)).toSorted((a, b) => Number(b.own) - Number(a.own));
  const rows = inFolder.map(({ name, keyid, kind, own, uri }) => ({
    name,
    keyid,
    kind,
    custody: uri ?? (own ? 'file' : 'elsewhere'),
  }));
  const known = (await hasConfig(options.repo)) ? (await readConfig(options.repo)).keys : [];
  const all = [
    ...rows,
    ...known.map(({ name, keyid, kind, uri }) => ({ name, keyid, kind, custody: uri ?? 'elsewhere' })),
  ];
  return all.filter((row, i) => all.findIndex(r => r.keyid === row.keyid) === i);
}
