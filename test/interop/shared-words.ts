/** Clients that know the words which TUF clients share: init, refresh, download, with lists and targets in folders given. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../src/repo-sim.ts';
import { type Ended, run } from './command.ts';
import type { Brought, ForeignClient, Wanted } from './foreign-client.ts';

/** @param command the program and what comes before the words */
export function clientOfSharedWords(command: readonly [string, ...string[]]): ForeignClient {
  const [program, ...before] = command;
  return async wanted => {
    const targets = join(wanted.folder, 'targets');
    await mkdir(targets, { recursive: true });
    const ask = (...words: string[]) => run(program, [...before, ...optionsOf(wanted, targets), ...words]);
    const known = await readdir(join(wanted.folder, 'lists')).catch(() => []);
    if (known.length === 0) {
      const begun = await ask('init', wanted.rootFile);
      if (begun.code !== 0) return { ...begun, sha256: undefined };
    }
    return withHash(await ask('download'), join(targets, encodeURIComponent(wanted.targetName)));
  };
}

/** With what a client left there. */
export async function withHash(ended: Ended, file: string): Promise<Brought> {
  const bytes = await readFile(file).catch(() => undefined);
  return { ...ended, sha256: bytes && sha256(bytes) };
}

function optionsOf({ folder, metadataUrl, targetBaseUrl, targetName }: Wanted, targets: string): string[] {
  const lists = ['--metadata-dir', join(folder, 'lists'), '--metadata-url', metadataUrl];
  return [...lists, '--target-base-url', targetBaseUrl, '--target-dir', targets, '--target-name', targetName];
}
