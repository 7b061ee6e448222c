import { fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Repository } from './repository.ts';
import { PASSPHRASE, release, signedRepository, START } from './test-repository.ts';
import { verifyRepository } from './verify/verify.ts';

const rootOf = (dir: string) => readFile(join(dir, 'metadata', '1.root.json'));

test('a signer killed in the midst leaves a repository that devices accept and the next signer goes on with', async () => {
  const { dir, keys, repo, image } = await signedRepository();
  const file = await image('work.img', 'work'.repeat(50_000));
  for (const killAt of [1, 4, 6]) {
    const worker = fork(new URL('./crash-worker.ts', import.meta.url), [dir, keys.ci.path, PASSPHRASE, file], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    let heard = 0;
    worker.on('message', () => {
      if (++heard === killAt) worker.kill('SIGKILL');
    });
    await once(worker, 'exit');
    expect(heard).toBeGreaterThanOrEqual(killAt);
    await verifyRepository({ source: dir, root: await rootOf(dir), now: () => START });
    await repo.refreshOnline({ snapshot: keys.snap.signer, timestamp: keys.time.signer });
    await verifyRepository({ source: dir, root: await rootOf(dir), now: () => START });
  }
  expect((await readdir(dir)).includes('.lock')).toBe(false);
});

test('a draft left beside the complete list that it became is no draft any more', async () => {
  const { dir, keys, repo, image } = await signedRepository();
  await repo.addRelease(release(await image('a.img', 'a'), { channel: 'beta' }));
  const staged = join(dir, 'staged', 'p-gw2-beta.json');
  const draft = await readFile(staged);
  await repo.sign('p-gw2-beta', keys.ci.signer);
  await writeFile(staged, draft);
  await expect(repo.sign('p-gw2-beta', keys.ci.signer)).rejects.toEqual(
    expect.objectContaining({ code: 'nothing-to-sign' }),
  );
  const next = await repo.addRelease(release(await image('b.img', 'b'), { channel: 'beta', version: '2' }));
  expect(await repo.sign(next.role, keys.ci.signer)).toMatchObject({ version: 3, complete: true });
});

test('a draft that another signer’s newer list has overtaken is stale, and nothing is lost', async () => {
  const { dir, keys, repo, image } = await signedRepository();
  await repo.addRelease(release(await image('a.img', 'a'), { channel: 'beta' }));
  const staged = join(dir, 'staged', 'p-gw2-beta.json');
  const draft = await readFile(staged, 'utf8');
  await repo.sign('p-gw2-beta', keys.ci.signer);
  await writeFile(staged, draft.replaceAll('a.img', 'z.img'));
  await expect(repo.sign('p-gw2-beta', keys.ci.signer)).rejects.toEqual(
    expect.objectContaining({ code: 'draft-stale' }),
  );
});

test('a snapshot that was signed when the power went is taken up by the next timestamp', async () => {
  const { dir, keys, repo } = await signedRepository();
  const timestamp = join(dir, 'metadata', 'timestamp.json');
  await copyFile(timestamp, `${timestamp}.before`);
  await repo.renew('h-gw2');
  await repo.sign('h-gw2', keys.a.signer);
  await repo.refreshOnline({ snapshot: keys.snap.signer, timestamp: keys.time.signer });
  await copyFile(`${timestamp}.before`, timestamp);
  const opened = await Repository.open(dir, { now: () => START });
  expect(await opened.refreshOnline({ timestamp: keys.time.signer })).toMatchObject({
    snapshotVersion: 2,
    snapshotSigned: false,
    timestampVersion: 2,
  });
});
