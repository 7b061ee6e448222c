import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { Repository } from '../repository.ts';
import { release, signedRepository, START, type TestRepository } from '../test-repository.ts';

let made: TestRepository;
let folder: string;
beforeEach(async () => {
  made = await signedRepository();
  folder = join(made.dir, '..', 'www');
});

const lists = () => join(folder, 'tuf', 'metadata');
const timestamp = () => readFile(join(lists(), 'timestamp.json'), 'utf8');

async function released(version: string): Promise<string> {
  const { repo, keys } = made;
  const file = await made.image(`rootfs-${version}.img`, `image ${version}`);
  const { path } = await repo.addRelease(release(file, { version }));
  for (const key of [keys.ci, keys.a]) await repo.sign('p-gw2-stable', key.signer);
  await repo.refreshOnline({ snapshot: keys.snap.signer, timestamp: keys.time.signer });
  return path;
}

test('lays lists and artifacts where devices look for them, and only what is new the next time', async () => {
  const first = await released('1.0.0');
  expect(await made.repo.mirror({ folder })).toMatchObject({ newTargets: [first] });
  const place = join(folder, 'tuf', 'targets', 'gw2', 'stable', 'rootfs', '1.0.0');
  const [name = ''] = await readdir(place);
  expect(name).toMatch(/^[0-9a-f]{64}\.rootfs-1\.0\.0\.img$/);
  expect(await readFile(join(place, name), 'utf8')).toBe('image 1.0.0');
  const second = await released('1.1.0');
  expect(await made.repo.mirror({ folder })).toMatchObject({ newTargets: [second] });
  expect((await readdir(lists())).some(file => file.endsWith('.tmp'))).toBe(false);
});

test('an artifact that is not there leaves what is served as it was', async () => {
  await released('1.0.0');
  await made.repo.mirror({ folder });
  const before = await timestamp();
  await released('1.1.0');
  await rm(join(made.dir, 'artifacts'), { recursive: true });
  await expect(made.repo.mirror({ folder })).rejects.toMatchObject({ code: 'artifact-missing' });
  expect(await timestamp()).toBe(before);
});

test('a working copy that fell behind does not take newer lists back', async () => {
  await released('1.0.0');
  const behind = join(made.dir, '..', 'behind');
  await cp(made.dir, behind, { recursive: true });
  await released('1.1.0');
  await made.repo.mirror({ folder });
  const newer = await timestamp();
  const late = await Repository.open(behind, { now: () => START });
  await expect(late.mirror({ folder })).rejects.toMatchObject({ code: 'publication-conflict' });
  expect(await timestamp()).toBe(newer);
});
