/**
 * The small service that the fleet of the tests and the demonstration runs: it answers `/health` with its version,
 * or with an error where the release is made faulty on purpose.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from 'tar';

export interface SampleRelease {
  readonly version: string;
  /** `ill`: starts, but its health check says no. `dead`: ends at once. */
  readonly health: 'well' | 'ill' | 'dead';
  /** Added to the packed release, so that it takes its time on the line. */
  readonly ballastBytes?: number;
}

/** Writes the service's files into a folder, as an image from the factory has them. */
export async function writeSample(folder: string, release: SampleRelease): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'service.mjs'), source(release), { mode: 0o644 });
}

/** Packs a release as a tar file that the `directory` installer reads. Returns its path. */
export async function packSample(folder: string, release: SampleRelease): Promise<string> {
  const tree = join(folder, `sample-${release.version}`);
  await writeSample(tree, release);
  const file = join(folder, `sample-${release.version}.tar`);
  if (release.ballastBytes !== undefined) await writeFile(join(tree, 'ballast'), Buffer.alloc(release.ballastBytes));
  await create({ file, cwd: tree, portable: true }, await readdir(tree));
  return file;
}

/** The command that a device's config names for it; `node` stands in the PATH of the device. */
export const SAMPLE_COMMAND = [process.execPath, 'service.mjs'];

function source({ version, health }: SampleRelease): string {
  if (health === 'dead') return `process.exit(1);\n`;
  const status = health === 'well' ? 200 : 500;
  return `// Sample service ${version}.
import { createServer } from 'node:http';
const server = createServer((request, answer) => {
  answer.writeHead(request.url === '/health' ? ${status} : 404, { 'content-type': 'application/json' });
  answer.end(JSON.stringify({ service: 'sample', version: ${JSON.stringify(version)} }));
});
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => { server.close(() => process.exit(0)); server.closeAllConnections(); });
`;
}
