/** The roles of the published set with their versions and ends, for those who watch that nothing runs out. */
import { hash } from 'node:crypto';
import type { Db } from '../deps.ts';
import { publishedFiles } from './published-store.ts';
import { readMetadata } from './read-metadata.ts';

export interface PublishedRole {
  readonly role: string;
  readonly version: number;
  readonly expiresAt: Date;
}

export type PublishedRoles = () => Promise<readonly PublishedRole[] | undefined>;

/** A set is read once and remembered until another one is published. Undefined before the first publication. */
export function rememberPublishedRoles(db: Db): PublishedRoles {
  let remembered: { readonly set: string; readonly roles: readonly PublishedRole[] } | undefined;
  return async () => {
    const current = await db
      .selectFrom('current_metadata')
      .select(['root_version', 'timestamp_bytes'])
      .executeTakeFirst();
    if (!current) return undefined;
    const { root_version: rootVersion, timestamp_bytes: timestampBytes } = current;
    // By its bytes: after a rotation of the timestamp's key, versions may begin anew.
    const set = `${rootVersion} ${hash('sha256', timestampBytes)}`;
    if (remembered?.set !== set) remembered = { set, roles: await readRoles(db, rootVersion, timestampBytes) };
    return remembered.roles;
  };
}

async function readRoles(db: Db, rootVersion: number, timestampBytes: Buffer): Promise<PublishedRole[]> {
  const timestamp = readMetadata('timestamp', 'timestamp.json', timestampBytes).signed;
  const [rootFile, snapshotFile] = [`${rootVersion}.root.json`, `${timestamp.snapshotMeta.version}.snapshot.json`];
  const topFiles = await publishedFiles(db, [rootFile, snapshotFile]);
  const root = readMetadata('root', rootFile, fileOf(topFiles, rootFile)).signed;
  const snapshot = readMetadata('snapshot', snapshotFile, fileOf(topFiles, snapshotFile)).signed;
  const roles = [roleOf('root', root), roleOf('timestamp', timestamp), roleOf('snapshot', snapshot)];
  // One after the other: with hundreds of roles they are more than should be held at once.
  for (const [name, { version }] of Object.entries(snapshot.meta)) {
    const file = `${version}.${name}`;
    const targets = readMetadata('targets', file, fileOf(await publishedFiles(db, [file]), file));
    roles.push(roleOf(name.slice(0, -'.json'.length), targets.signed));
  }
  return roles;
}

function roleOf(role: string, signed: { readonly version: number; readonly expires: string }): PublishedRole {
  return { role, version: signed.version, expiresAt: new Date(signed.expires) };
}

function fileOf(files: ReadonlyMap<string, Buffer>, file: string): Buffer {
  const bytes = files.get(file);
  if (!bytes) throw new Error(`${file} is published, but not stored`);
  return bytes;
}
