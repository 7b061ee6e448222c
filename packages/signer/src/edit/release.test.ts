import { execFile } from 'node:child_process';
import { readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { LIMITS } from '@tidegate/protocol';
import { release, signedRepository, type TestRepository } from '../test-repository.ts';

const refused = (code: string) => expect.objectContaining({ code });
let made: TestRepository;
beforeAll(async () => {
  made = await signedRepository();
});

test('a release promoted from beta to stable keeps counter and bytes', async () => {
  const { repo, image } = made;
  const file = await image('app.tar', 'app');
  const said = { component: 'app', version: '3.0' };
  const beta = await repo.addRelease(release(file, { ...said, channel: 'beta' }));
  await repo.addRelease(
    release(await image('next.tar', 'next'), { component: 'app', version: '3.1', channel: 'beta' }),
  );
  const stable = await repo.addRelease(release(file, said));
  expect(stable).toMatchObject({ counter: beta.counter, sha256: beta.sha256 });
  const before = await readdir(join(made.dir, 'artifacts'));
  await expect(repo.addRelease(release(await image('app.tar', 'tampered'), said))).rejects.toEqual(
    refused('version-reused'),
  );
  expect(await readdir(join(made.dir, 'artifacts'))).toEqual(before);
});

test('a security release without a risk is refused before the image is read', async () => {
  const { repo, image, dir } = made;
  const file = await image('sec.img', 'secure');
  const before = await readdir(join(dir, 'artifacts'));
  await expect(repo.addRelease(release(file, { version: '9', class: 'security' }))).rejects.toEqual(
    refused('risk-missing'),
  );
  expect(await readdir(join(dir, 'artifacts'))).toEqual(before);
});

test('what is no image is refused, and nothing is left of it', async () => {
  const { repo, image, dir } = made;
  const before = await readdir(join(dir, 'artifacts'));
  const huge = await image('huge.img', '');
  await truncate(huge, LIMITS.artifactBytes + 1);
  const pipe = join(dir, '..', 'pipe.img');
  await promisify(execFile)('mkfifo', [pipe]);
  for (const [file, code] of [
    [huge, 'artifact-size'],
    [await image('empty.img', ''), 'artifact-size'],
    [pipe, 'file-unreadable'],
    [join(dir, '..'), 'file-unreadable'],
    ['/dev/zero', 'file-unreadable'],
    [join(dir, 'absent.img'), 'file-unreadable'],
  ] as const) {
    await expect(repo.addRelease(release(file, { version: '8' }))).rejects.toEqual(refused(code));
  }
  expect(await readdir(join(dir, 'artifacts'))).toEqual(before);
});

test('a channel that nobody was given, or whose role name belongs to another product, takes nothing', async () => {
  const { repo, image, keys } = made;
  const file = await image('a.img', 'a');
  await expect(repo.addRelease(release(file, { channel: 'nightly' }))).rejects.toEqual(refused('role-unknown'));
  await repo.addDelegation({ product: 'cam', channel: 'eu-beta', keys: [keys.ci] });
  await expect(repo.addDelegation({ product: 'cam-eu', channel: 'beta', keys: [keys.ci] })).rejects.toEqual(
    refused('role-name-taken'),
  );
  await expect(repo.addRelease(release(file, { product: 'cam-eu', channel: 'beta' }))).rejects.toEqual(
    refused('role-unknown'),
  );
});

test('an online key is not given a channel', async () => {
  const { repo, keys } = made;
  await expect(repo.addDelegation({ product: 'cam', channel: 'beta', keys: [keys.time] })).rejects.toEqual(
    refused('duplicate-key'),
  );
});
