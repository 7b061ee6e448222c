/**
 * The first admin token: made at first start, kept in the data folder at 0600, never printed, never logged. No account
 * and no password come with the product (EN 303 645 5.1-1).
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Deps } from '../deps.ts';
import { readOrMake } from '../durable-file.ts';
import { hasApiTokens, insertApiToken } from './operator-store.ts';

/** The file is written first: a start that is cut off between the two finds it again. */
export async function makeFirstToken({ db, clock, log }: Deps, dataDir: string): Promise<void> {
  if (await hasApiTokens(db)) return;
  const path = join(dataDir, 'admin-token');
  const token = (await readOrMake(path, () => `tgat_${randomBytes(32).toString('base64url')}\n`)).trim();
  const id = randomBytes(16).toString('hex');
  await insertApiToken(db, { id, name: 'first admin', role: 'admin', token }, clock.now());
  log.info({ path }, 'the first admin token is in this file');
}
