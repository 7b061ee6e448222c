/**
 * The embedded PostgreSQL's files: made once, beside their final name and then renamed, so that a first start that was
 * cut off begins again. The only role has a random password, kept 0600 in the data folder.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readOrMake } from '../durable-file.ts';
import type { PostgresPlace } from './postgres-place.ts';

export interface Cluster {
  readonly folder: string;
  readonly password: string;
}

export const CLUSTER_USER = 'tidegate';

/** Throws where initdb fails, with what it said. */
export async function openCluster(dataDir: string, place: PostgresPlace, durable: boolean): Promise<Cluster> {
  const password = await readOrMake(join(dataDir, 'postgres-password'), () => randomBytes(24).toString('base64url'));
  const folder = join(place.folder, 'cluster');
  if (!(await isCluster(folder))) await makeCluster(place, folder, password, durable);
  return { folder, password };
}

async function isCluster(folder: string): Promise<boolean> {
  try {
    await readFile(join(folder, 'PG_VERSION'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function makeCluster(place: PostgresPlace, folder: string, password: string, durable: boolean): Promise<void> {
  const half = `${folder}.new`;
  const passwordFile = join(place.folder, 'password.new');
  await rm(half, { recursive: true, force: true });
  try {
    await writeFile(passwordFile, password, { mode: 0o600 });
    if (place.owner) await chown(passwordFile, place.owner.uid, place.owner.gid);
    await initdb(place, half, passwordFile, durable);
    await rename(half, folder);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function initdb(place: PostgresPlace, folder: string, passwordFile: string, durable: boolean): Promise<void> {
  const options = ['--auth=scram-sha-256', `--username=${CLUSTER_USER}`, `--pwfile=${passwordFile}`];
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const sync = durable ? [] : ['--no-sync'];
  try {
    await promisify(execFile)(place.binaries.initdb, ['-D', folder, ...options, ...locale, ...sync], {
      ...place.owner,
      cwd: place.folder,
      env: { LC_ALL: 'C' },
    });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() ?? String(error);
    throw new Error(`PostgreSQL's files could not be made in ${folder}: ${said}`, { cause: error });
  }
}
