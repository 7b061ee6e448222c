/** Whether the repository's folders are there, can be worked in, and belong to nobody else. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import type { Store } from '../store/store.ts';
import { type Diagnosis, error, orSound, warning } from './diagnosis.ts';

export interface SeenFolder {
  readonly path: string;
  readonly isFolder: boolean;
  readonly usable: boolean;
  /** Permission bits. */
  readonly mode: number;
}

export async function seenFolders({ dir, metadata, staged, artifacts }: Store): Promise<readonly SeenFolder[]> {
  return Promise.all([dir, metadata, staged, artifacts].map(seenFolder));
}

async function seenFolder(path: string): Promise<SeenFolder> {
  const about = await stat(path).catch(() => undefined);
  const usable = await access(path, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  return { path, isFolder: about?.isDirectory() ?? false, usable, mode: (about?.mode ?? 0) & 0o777 };
}

export function folderDiagnoses(folders: readonly SeenFolder[]): readonly Diagnosis[] {
  return orSound(folders.flatMap(oneFolder), 'folder', `${folders[0]?.path} is there and can be worked in.`);
}

function oneFolder({ path, isFolder, usable, mode }: SeenFolder): Diagnosis[] {
  if (!isFolder) {
    const remedy = 'Name the repository with --repo, make one (tidegate-signer init), or copy the folder back.';
    return [error('folder', { code: 'folder-missing', path, message: `There is no folder ${path}.`, remedy })];
  }
  if (!usable) {
    const message = `${path} cannot be read and written by this user.`;
    return [error('folder', { code: 'folder-unusable', path, message, remedy: 'Run as its owner, or chown it.' })];
  }
  if ((mode & 0o022) === 0) return [];
  const message = `${path} can be written by other users of this machine: they could swap drafts and images.`;
  return [warning('folder', { code: 'folder-open-to-others', path, message, remedy: `chmod go-w ${path}` })];
}
