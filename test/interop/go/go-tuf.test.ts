import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runWell } from '../command.ts';
import { testWithOurRepository } from '../our-repository.ts';
import { clientOfSharedWords } from '../shared-words.ts';
import { toolFolder } from '../tool-folder.ts';

/** Whatever has to be fetched and compiled. */
const GO_WITHIN_MS = 10 * 60_000;

async function buildGoClient(): Promise<string> {
  const sources = await Promise.all(
    ['go.mod', 'go.sum', 'main.go'].map(name => readFile(join(import.meta.dirname, name))),
  );
  const folder = await toolFolder('go-tuf', Buffer.concat(sources), into =>
    runWell('go', ['build', '-trimpath', '-o', join(into, 'client'), '.'], {
      cwd: import.meta.dirname,
      env: { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
      withinMs: GO_WITHIN_MS,
    }),
  );
  return join(folder, 'client');
}

testWithOurRepository(async () => clientOfSharedWords([await buildGoClient()]), GO_WITHIN_MS);
