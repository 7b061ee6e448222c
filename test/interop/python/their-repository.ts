/** The other way round: python-tuf makes the repository, our plain client follows it. */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { METADATA_BASE, TARGETS_BASE } from '@tidegate/protocol';
import { beforeAll, expect, test } from 'vitest';
import { sha256 } from '../../src/repo-sim.ts';
import { startStaticServer, type Served } from '../../src/static-server.ts';
import { tempFolder } from '../../src/temp-folder.ts';
import { runWell } from '../command.ts';
import type { Wanted } from '../foreign-client.ts';
import { clientOfSharedWords } from '../shared-words.ts';

const AGENT_CLI = fileURLToPath(import.meta.resolve('@tidegate/agent/cli'));
const bring = clientOfSharedWords([process.execPath, AGENT_CLI, 'tuf']);

/** Declares the test. @param prepare brings the interpreter that knows python-tuf */
export function testWithTheirRepository(prepare: () => Promise<string>, prepareWithinMs: number): void {
  let python: string;
  beforeAll(async () => {
    python = await prepare();
  }, prepareWithinMs);

  test('our client follows a repository of python-tuf: two delegations deep, through rotations, and no further', async () => {
    await using folder = await tempFolder('tidegate-interop');
    const made = join(folder.path, 'made');
    await runWell(python, [join(import.meta.dirname, 'make_repository.py'), made]);
    await using server = await startStaticServer(await stateIn(join(made, 'first')));
    const wanted = (targetName: string, client = 'early'): Wanted => ({
      folder: join(folder.path, client),
      rootFile: join(made, 'first/metadata/1.root.json'),
      metadataUrl: `${server.url}${METADATA_BASE}`,
      targetBaseUrl: `${server.url}${TARGETS_BASE}`,
      targetName,
    });
    const brings = async (targetName: string, text: string, client?: string) => {
      const { code, sha256: found, output } = await bring(wanted(targetName, client));
      expect({ fault: code === 0 ? 'none' : output, found }).toEqual({ fault: 'none', found: sha256(text) });
    };

    await brings('apps/router/1.0/app.bin', 'router 1.0');
    server.serve(await stateIn(join(made, 'second')));
    for (const client of ['early', 'late']) {
      await brings('apps/router/1.1/app.bin', 'router 1.1', client);
      await brings('apps/lamp/app.bin', 'lamp', client);
    }

    // Signed by a role for paths that were never delegated to it.
    expect(await bring(wanted('apps/lamp/1.0/app.bin'))).toMatchObject({ code: 1, sha256: undefined });
    server.twist('app.bin', { kind: 'replace', bytes: Buffer.from('router 6.6') });
    expect(await bring(wanted('apps/router/1.1/app.bin', 'new'))).toMatchObject({ code: 1, sha256: undefined });
    server.honest();
    server.serve(await stateIn(join(made, 'first')));
    expect(await bring(wanted('apps/router/1.0/app.bin'))).toMatchObject({ code: 1 });
  });
}

/** What lies in a folder, as a web server would serve it. */
async function stateIn(folder: string): Promise<Served> {
  const read = async (kind: string) => {
    const below = join(folder, kind);
    const entries = await readdir(below, { recursive: true, withFileTypes: true });
    const paths = entries.filter(e => e.isFile()).map(e => join(e.parentPath, e.name));
    return new Map(await Promise.all(paths.map(async p => [p.slice(below.length + 1), await readFile(p)] as const)));
  };
  return { metadata: await read('metadata'), artifacts: await read('targets') };
}
