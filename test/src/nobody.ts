/** Who a program runs as that needs no rights: `nobody`, where the tests run as root, else whoever runs them. */
import { chownSync } from 'node:fs';

const NOBODY = { uid: 65_534, gid: 65_534 };

/** @param folders become that user's own. @returns options for `spawn` */
export function nobody(...folders: readonly string[]): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  for (const folder of folders) chownSync(folder, NOBODY.uid, NOBODY.gid);
  return NOBODY;
}
