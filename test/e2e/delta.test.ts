/** A release with deltas, from the signer's repository to the device's slot, with no server between. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { METADATA_BASE, TARGETS_BASE } from '@tidegate/protocol';
import { expect, test } from 'vitest';
import { noise } from '../src/hand-made-delta.ts';
import { openSigningDesk } from '../src/signing-desk.ts';
import { FILE_COMPONENT, installedFile } from '../src/single-file.ts';
import { startStaticServer } from '../src/static-server.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { makeStillClock, manufactureTimed } from '../src/timed-device.ts';

const FIRST = noise(1_200_000, 'first');
const SECOND = Buffer.concat([noise(5_000, 'second'), FIRST.subarray(20_000)]);
/** Of a device that skipped the one before. */
const THIRD = Buffer.concat([SECOND.subarray(600_000), noise(5_000, 'third'), SECOND.subarray(0, 600_000)]);

/** Everything below a folder, by its path there. */
async function filesIn(folder: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(files.map(async file => [file.slice(folder.length + 1), await readFile(file)] as const)),
  );
}

test('a device takes a patch from what it runs, and chunks where it is further behind; never the whole image', async () => {
  await using folder = await tempFolder('tidegate-delta');
  await using server = await startStaticServer({ metadata: new Map(), artifacts: new Map() });
  const clock = makeStillClock(Math.floor(Date.now() / 1000) * 1000);
  const now = () => new Date(clock.now());
  const desk = await openSigningDesk({
    folder: join(folder.path, 'signing'),
    products: ['gw2'],
    scryptN: 1024,
    now,
  });
  const www = join(folder.path, 'www');
  const release = async (version: string, bytes: Buffer, deltas: { from: string[]; chunks: boolean }) => {
    const file = join(folder.path, `${version}.bin`);
    await writeFile(file, bytes);
    const schedule = [{ afterHours: 0, basisPoints: 10_000 }];
    const { path, role } = await desk.release({
      file,
      version,
      component: FILE_COMPONENT,
      format: 'file',
      ...(version === '1.0.0' ? {} : { schedule }),
    });
    const made = await desk.repository.addDeltas({ image: path, ...deltas });
    expect(made.map(d => d.outcome)).toEqual(made.map(() => 'listed'));
    if (made.length > 0) await desk.signChannel(role);
    await desk.refresh();
    await desk.repository.mirror({ folder: www });
    server.serve({
      metadata: await filesIn(join(www, METADATA_BASE)),
      artifacts: await filesIn(join(www, TARGETS_BASE)),
    });
  };
  // The factory's own counter comes first.
  await release('1.0.0', Buffer.from('as in the factory'), { from: [], chunks: false });
  const [near, far] = await Promise.all(
    ['near', 'far'].map(name =>
      manufactureTimed({
        folder: join(folder.path, name),
        clock,
        rootFile: desk.rootFile,
        mirrors: [server.url],
      }),
    ),
  );
  if (!near || !far) throw new Error('two devices were made');
  for (const device of [near, far]) await device.owner('POST', '/v1/setup', { automaticUpdates: true });
  const runs = (name: string, file: string) => readFile(installedFile(join(folder.path, name), file));
  const asked = (end: string) => server.requests.filter(request => request.split(' ')[0]?.endsWith(end));

  await release('1.1.0', FIRST, { from: [], chunks: false });
  await near.run();
  await far.run();
  await release('1.2.0', SECOND, { from: ['1.1.0'], chunks: false });
  await near.run();
  expect((await runs('near', '1.2.0.bin')).equals(SECOND)).toBe(true);
  await release('1.3.0', THIRD, { from: ['1.2.0'], chunks: true });
  await near.run();
  expect((await runs('near', '1.3.0.bin')).equals(THIRD)).toBe(true);
  expect(asked('.patch').length).toBeGreaterThan(2);
  expect([...asked('.1.2.0.bin'), ...asked('.1.3.0.bin'), ...asked('.chunks')]).toEqual([]);

  await far.run();
  expect((await runs('far', '1.3.0.bin')).equals(THIRD)).toBe(true);
  expect(asked('.chunks')).toHaveLength(1);
  const ranges = asked('.1.3.0.bin');
  expect(ranges.length).toBeGreaterThan(0);
  for (const range of ranges) expect(range).toMatch(/ bytes=\d+-\d+$/);
});
