/**
 * Publishing one more release into a role that has 450 targets already: snapshot, timestamp, the dry run as a device,
 * the upload and the server's verification of the whole set. The image is a few bytes, so that only the lists count.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startServerProcess } from '../src/server-process.ts';
import { openSigningDesk } from '../src/signing-desk.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { type BenchResult, median, rounded } from './result.ts';

const TARGETS = 450;
const WARM_UP = 2;
const ROUNDS = 15;
const GOAL_MS = 300;

export async function publishFullRole(): Promise<BenchResult> {
  await using folder = await tempFolder('tidegate-bench');
  const desk = await openSigningDesk({ folder: folder.path, products: ['gw2'], scryptN: 1024 });
  const server = await startServerProcess({
    data: join(folder.path, 'server'),
    trustedRoot: desk.rootFile,
    pollSeconds: 300,
    gateTickSeconds: 60,
  });
  await using closing = new AsyncDisposableStack();
  closing.use(server.child);
  const image = async (i: number) => {
    const file = join(folder.path, 'image.img');
    await writeFile(file, `image ${i}`);
    return { file, version: `1.0.${i}`, format: 'file' as const };
  };
  const publish = () => desk.publish({ adminUrl: server.adminUrl, token: server.adminToken });
  for (let i = 0; i < TARGETS; i++) {
    await desk.repository.addRelease({
      ...(await image(i)),
      product: 'gw2',
      channel: 'stable',
      component: 'app',
      hardware: ['gw2-a'],
      class: 'maintenance',
    });
  }

  const times: number[] = [];
  for (let i = 0; i < WARM_UP + ROUNDS; i++) {
    await desk.release(await image(TARGETS + i));
    const begun = performance.now();
    await publish();
    times.push(performance.now() - begun);
  }
  const value = median(times.slice(WARM_UP));
  return {
    name: 'publish-full-role',
    value: rounded(value),
    unit: 'ms',
    baseline: null,
    ratio: null,
    goal: `value < ${GOAL_MS}`,
    pass: value < GOAL_MS,
  };
}
