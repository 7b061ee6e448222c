/** tuftool, the command line of the Rust library tough. It keeps no lists from one call to the next. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run, runWell } from '../command.ts';
import type { Brought, ForeignClient } from '../foreign-client.ts';
import { testWithOurRepository } from '../our-repository.ts';
import { withHash } from '../shared-words.ts';
import { toolFolder } from '../tool-folder.ts';

const VERSION = '0.17.0';
/** Some 400 crates are compiled, once. */
const CARGO_WITHIN_MS = 60 * 60_000;

async function buildTuftool(): Promise<ForeignClient> {
  const folder = await toolFolder('tuftool', VERSION, into => {
    const what = ['--locked', '--no-default-features', '--version', VERSION, 'tuftool'];
    return runWell('cargo', ['install', '--quiet', '--root', into, ...what], { withinMs: CARGO_WITHIN_MS });
  });
  return async wanted => {
    const targets = join(wanted.folder, 'targets');
    // It insists on making the folder by itself.
    await rm(targets, { recursive: true, force: true });
    await mkdir(wanted.folder, { recursive: true });
    const where = ['--metadata-url', `${wanted.metadataUrl}/`, '--targets-url', `${wanted.targetBaseUrl}/`];
    const what = ['--root', wanted.rootFile, '--target-name', wanted.targetName, targets];
    return found(await run(join(folder, 'bin/tuftool'), ['download', ...where, ...what]), targets);
  };
}

async function found(ended: { code: number; output: string }, folder: string): Promise<Brought> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const [file] = files.filter(entry => entry.isFile());
  return file ? withHash(ended, join(file.parentPath, file.name)) : { ...ended, sha256: undefined };
}

testWithOurRepository(buildTuftool, CARGO_WITHIN_MS);
