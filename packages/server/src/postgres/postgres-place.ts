/**
 * Where the embedded PostgreSQL may live and as whom it runs. PostgreSQL refuses to run as root, so root hands it to
 * the user `postgres`, else `nobody`. Where that user cannot reach the data folder or the programs (below /root, say),
 * they go to a folder that it can reach; the data folder then says where, in `postgres-folder`.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, cp, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readIfThere, writeDurably } from '../durable-file.ts';
import { findPostgresBinaries, installationOf, type PostgresBinaries } from './postgres-binaries.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresPlace {
  readonly binaries: PostgresBinaries;
  /** Holds the cluster; belongs to the owner alone. */
  readonly folder: string;
  /** Undefined where PostgreSQL runs as whoever runs the server. */
  readonly owner: Owner | undefined;
}

/** Throws where no folder can be written or no user be found. @param durable false: what root cannot place goes to the temporary folder. */
export async function findPostgresPlace(dataDir: string, durable: boolean): Promise<PostgresPlace> {
  const binaries = await findPostgresBinaries();
  const inside = join(resolve(dataDir), 'postgres');
  if (process.getuid?.() !== 0) {
    await mkdir(inside, { recursive: true, mode: 0o700 });
    return { binaries, folder: inside, owner: undefined };
  }
  const owner = await findOwner();
  const elsewhere = durable ? '/var/lib/tidegate' : tmpdir();
  const note = join(dataDir, 'postgres-folder');
  let folder = (await readIfThere(note))?.trim() ?? inside;
  await makeOwned(folder, owner);
  if (!reaches(owner, folder)) {
    if (folder === inside) await rm(inside, { recursive: true });
    folder = join(elsewhere, `postgres-${shortHash(inside)}`);
    await makeOwned(folder, owner);
    await writeDurably(note, `${folder}\n`);
  }
  return { folder, owner, binaries: await reachableBinaries(binaries, elsewhere, owner) };
}

async function findOwner(): Promise<Owner> {
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map(line => line.split(':'));
  const user = users.find(u => u[0] === 'postgres') ?? users.find(u => u[0] === 'nobody');
  if (!user) throw new Error('PostgreSQL may not run as root, and there is no user `postgres` or `nobody`: add one');
  return { uid: Number(user[2]), gid: Number(user[3]) };
}

async function makeOwned(folder: string, owner: Owner): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await chown(folder, owner.uid, owner.gid);
}

/** Asked of the system itself, as that user: modes, lists and mounts all have their say. */
function reaches(owner: Owner, path: string): boolean {
  return spawnSync('/bin/sh', ['-c', 'test -x "$1" -a -r "$1"', 'sh', path], { ...owner, cwd: '/' }).status === 0;
}

async function reachableBinaries(found: PostgresBinaries, elsewhere: string, owner: Owner): Promise<PostgresBinaries> {
  if (reaches(owner, found.postgres)) return found;
  const installation = installationOf(found);
  const copy = join(elsewhere, `postgres-programs-${shortHash(installation)}`);
  if (!existsSync(copy)) {
    const half = `${copy}.${process.pid}`;
    await cp(installation, half, { recursive: true, verbatimSymlinks: true });
    await rename(half, copy);
  }
  return { initdb: join(copy, 'bin/initdb'), postgres: join(copy, 'bin/postgres') };
}

function shortHash(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 12);
}
