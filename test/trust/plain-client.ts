/** What the plain TUF client works on: a repository in memory that holds every key, its server, and a folder. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RepoSim } from '../src/repo-sim.ts';
import { startStaticServer, type StaticServer } from '../src/static-server.ts';
import { tempFolder } from '../src/temp-folder.ts';

export const CONTENT = Buffer.from('any bytes at all');

export interface PlainGround extends AsyncDisposable {
  readonly repo: RepoSim;
  readonly server: StaticServer;
  /** Of the target that holds `CONTENT`. */
  readonly path: string;
  readonly metadataUrl: string;
  readonly targetsUrl: string;
  /** A path in the folder, where `factory.json` is the first root. */
  readonly at: (...parts: string[]) => string;
}

export async function plainGround(): Promise<PlainGround> {
  const folder = await tempFolder('tidegate-tuf');
  const repo = new RepoSim();
  const path = repo.release(CONTENT, { version: '1.1.0', counter: 2 }, 'app.bin');
  const server = await startStaticServer(repo);
  await writeFile(join(folder.path, 'factory.json'), repo.root());
  return {
    repo,
    server,
    path,
    metadataUrl: `${server.url}/tuf/metadata`,
    targetsUrl: `${server.url}/tuf/targets`,
    at: (...parts) => join(folder.path, ...parts),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
