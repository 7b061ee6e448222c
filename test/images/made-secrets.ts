/** The secrets of the compose file, as `infra/make-secrets.sh` makes them. */
import { spawnSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { INFRA } from './infra-files.ts';

/** @param path the folder that they are made in @returns what the script said */
export function makeSecrets(path: string): string {
  const { status, stdout, stderr } = spawnSync(join(INFRA, 'make-secrets.sh'), [path], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

/** Also what is write-protected. */
export async function replace(file: string, content: string | Buffer): Promise<void> {
  await rm(file, { force: true });
  await writeFile(file, content, { mode: 0o644 });
}
