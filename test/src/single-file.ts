/** A component that is one file and that nothing runs: what the factory leaves in it, and how a device's config tells of it. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const FILE_COMPONENT = 'firmware';

export const FACTORY_FILE = { name: 'factory.txt', version: 'factory', counter: 1 } as const;

/** Writes the file of the factory into a folder. Returns its path. */
export async function writeFactoryFile(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, FACTORY_FILE.name);
  await writeFile(path, 'The factory left this file here; the first update takes its place.\n');
  return path;
}

/** Lays out what the factory does: its file in slot a, the link to it. Returns the component's part of the config. */
export async function manufactureSingleFile(deviceFolder: string) {
  const folder = join(deviceFolder, FILE_COMPONENT);
  await writeFactoryFile(join(folder, 'a'));
  await mkdir(join(folder, 'b'), { recursive: true });
  await symlink('a', join(folder, 'current'));
  const { version, counter } = FACTORY_FILE;
  return { name: FILE_COMPONENT, installer: 'directory', folder, factory: { version, counter } };
}

/** Where a device holds the file that runs, by the name that was signed. */
export function installedFile(deviceFolder: string, name: string): string {
  return join(deviceFolder, FILE_COMPONENT, 'current', name);
}
