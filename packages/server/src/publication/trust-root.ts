/**
 * What this server trusts: a root given once, by `--trusted-root`, and from then on only what follows from it by chain.
 * The given file is kept in the data folder, so that a new database starts from the same.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Deps } from '../deps.ts';
import { readIfThere, writeDurably } from '../durable-file.ts';
import { insertMetadataFiles, lockPublishing, publishedFiles, trustedRoot } from './published-store.ts';
import { mustBeSigned, readMetadata } from './read-metadata.ts';

/** Throws where no root is known, where the file is no root signed by its own keys, or where another one is trusted. */
export async function trustRoot(deps: Omit<Deps, 'log'>, dataDir: string, given: string | undefined): Promise<void> {
  const kept = join(dataDir, 'trusted-root.json');
  const bytes = given === undefined ? await readIfThere(kept) : await readFile(given, 'utf8');
  if (bytes === undefined) {
    if (await trustedRoot(deps.db)) return;
    throw new Error('no trusted root is known yet: give the repository’s root metadata with --trusted-root FILE');
  }
  await addRoot(deps, Buffer.from(bytes), given ?? kept);
  if (given !== undefined) await writeDurably(kept, bytes, 0o644);
}

async function addRoot({ db, clock }: Omit<Deps, 'log'>, bytes: Buffer, path: string): Promise<void> {
  const root = readMetadata('root', path, bytes);
  mustBeSigned(root, 'root', path, root);
  const file = `${root.signed.version}.root.json`;
  await db.transaction().execute(async tx => {
    await lockPublishing(tx);
    const there = (await publishedFiles(tx, [file])).get(file);
    if (there?.equals(bytes)) return;
    if (there || (await trustedRoot(tx))) {
      throw new Error(`${path} is not of the chain that this server trusts; a new root is published, not given`);
    }
    await insertMetadataFiles(tx, new Map([[file, bytes]]), clock.now());
  });
}
