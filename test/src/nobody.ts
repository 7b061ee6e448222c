/** Who a program runs as that needs no rights: `nobody`, where the tests run as root, else whoever runs them. */
import { chownSync } from 'node:fs';
import type { Identity } from './child.ts';

const NOBODY = { uid: 65_534, gid: 65_534 };

/** @param folders become that user's own. @returns options for `spawn` */
export function nobody(...folders: readonly string[]): Identity {
  if (process.getuid?.() !== 0) return {};
  for (const folder of folders) chownSync(folder, NOBODY.uid, NOBODY.gid);
  return NOBODY;
}
