/**
 * The folder that a module works in, laid out as mender-client 3.4 does for its update modules: `version`, `header/`,
 * what runs now (`current_*`), `tmp/`, and the payload as `files/` or as pipes.
 */
import { chown, lstat, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Firmware } from '@tidegate/protocol';
import { syncFolder } from '../../durable/durable-files.ts';

export interface TreeFacts {
  readonly executable: string;
  readonly hardware: string;
  readonly firmware: Firmware;
  readonly runningVersion: string;
}

/** Into an empty folder. */
export async function buildTree(tree: string, facts: TreeFacts): Promise<void> {
  for (const folder of ['header', 'tmp']) await mkdir(join(tree, folder), { mode: 0o700, recursive: true });
  for (const [path, text] of Object.entries(contents(facts)))
    await writeFile(join(tree, path), text, { mode: 0o600, flush: true });
  for (const folder of [join(tree, 'header'), tree, dirname(tree)]) await syncFolder(folder);
}

function contents({ executable, hardware, firmware, runningVersion }: TreeFacts): Record<string, string> {
  const { component, version } = firmware;
  const type = basename(executable);
  const name = `${component}-${version}`;
  const headerInfo = {
    payloads: [{ type }],
    artifact_provides: { artifact_name: name },
    artifact_depends: { device_type: firmware.hardware },
  };
  return {
    version: '3',
    current_artifact_name: `${component}-${runningVersion}`,
    current_artifact_group: '',
    current_device_type: hardware,
    'header/artifact_name': name,
    'header/artifact_group': '',
    'header/payload_type': type,
    'header/header-info': JSON.stringify(headerInfo, undefined, 2),
    'header/type-info': JSON.stringify({ type }, undefined, 2),
    'header/meta-data': '{}',
  };
}

/** Gives a folder with all in it to the one whom the module runs as. Links are not followed. */
export async function giveTo(
  path: string,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): Promise<void> {
  const about = await lstat(path);
  if (about.isSymbolicLink()) return;
  if (about.isDirectory()) for (const name of await readdir(path)) await giveTo(join(path, name), { uid, gid });
  await chown(path, uid, gid);
}
