import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { daysAfter } from '../clock.ts';
import { emptyRepository, type TestRepository } from '../test-repository.ts';
import { runCli } from './test-cli.ts';

let made: TestRepository;
let common: string[];
beforeAll(async () => {
  // Processes have the true clock: the repository's is behind it, by more than a timestamp lives.
  made = await emptyRepository(daysAfter(new Date(), -4));
  common = ['--repo', made.dir, '--keys', join(made.dir, '..')];
});

const cli = (args: readonly string[], passphrase?: string) => runCli([...args, ...common], passphrase);

test('below the threshold a signature exits with 3, or with 0 where that is allowed, and the last one with 0', async () => {
  expect(await cli(['sign', 'root', '--key', 'a'])).toMatchObject({ code: 3 });
  expect(await cli(['sign', 'targets', '--key', 'a', '--allow-pending'])).toMatchObject({ code: 0 });
  const last = await cli(['sign', 'root', '--key', 'b', '--json']);
  expect(last.code).toBe(0);
  expect(JSON.parse(last.stdout)).toMatchObject({ role: 'root', version: 1, complete: true });
});

test('status exits with 3 while signatures are missing, and says whose', async () => {
  const waiting = await cli(['status', '--pending']);
  expect(waiting).toMatchObject({ code: 3 });
  expect(waiting.stdout).toContain('any 1 of: b, c');
  const all = await cli(['status', '--json']);
  expect(all).toMatchObject({ code: 3 });
  expect(JSON.parse(all.stdout)).toContainEqual(expect.objectContaining({ role: 'root', version: 1 }));
});

test('a key that cannot be had exits with 6, one that is not of the role with 8', async () => {
  const wrong = await cli(['sign', 'targets', '--key', 'b'], 'wrong passphrase');
  expect(wrong).toMatchObject({ code: 6 });
  expect(wrong.stderr).toContain('[passphrase-wrong]');
  const none = await cli(['sign', 'targets', '--key', 'b'], '');
  expect(none).toMatchObject({ code: 6 });
  expect(none.stderr).toContain('--passphrase-file');
  expect(await cli(['sign', 'targets', '--key', 'ci'])).toMatchObject({ code: 8 });
});

test('a call that makes no sense exits with 2 and says why', async () => {
  expect(await cli(['sign', 'targets'])).toMatchObject({ code: 2 });
  expect(await cli(['release', 'add', 'x.img', '--counter', 'many'])).toMatchObject({ code: 2 });
  const both = await cli(['delegate', 'add', '--product', 'gw2', '--key', 'ci', '--json']);
  expect(both).toMatchObject({ code: 2, stdout: '' });
  expect(JSON.parse(both.stderr)).toMatchObject({ error: { code: 'usage' } });
});

test('what a device would refuse exits with 4, what has run out with 5', async () => {
  const root = join(made.dir, 'metadata', '1.root.json');
  expect(await cli(['verify', made.dir, '--root', root])).toMatchObject({ code: 4 });
  for (const key of ['a', 'b']) await cli(['sign', 'targets', '--key', key, '--allow-pending']);
  await made.repo.refreshOnline({ snapshot: made.keys.snap.signer, timestamp: made.keys.time.signer });
  const old = await cli(['verify', made.dir, '--root', root]);
  expect(old).toMatchObject({ code: 5 });
  expect(old.stderr).toContain('[expired]');
  const status = await cli(['status']);
  expect(status).toMatchObject({ code: 5 });
  expect(status.stdout).toContain('EXPIRED');
});

test('a draft that was overtaken exits with 9', async () => {
  const complete = await readFile(join(made.dir, 'metadata', '1.root.json'), 'utf8');
  await writeFile(join(made.dir, 'staged', 'root.json'), complete.replace('"threshold":2', '"threshold":3'));
  expect(await cli(['sign', 'root', '--key', 'a'])).toMatchObject({ code: 9 });
});

test('a release file with an unknown key exits with 11, names the place, and leaves the repository as it was', async () => {
  const path = await made.image('release.yaml', 'format: tidegate-release-1\nimage: x.img\nchanel: stable\n');
  const staged = join(made.dir, 'staged');
  const before = [await readdir(staged), await readdir(join(made.dir, 'artifacts'))];
  const added = await cli(['release', 'add', '--file', path]);
  expect(added).toMatchObject({ code: 11, stdout: '' });
  expect(added.stderr).toContain('release.yaml:3:1: /chanel is not known here; did you mean channel?');
  expect([await readdir(staged), await readdir(join(made.dir, 'artifacts'))]).toEqual(before);
  const checked = await cli(['release', 'check', path, '--json']);
  expect(checked).toMatchObject({ code: 11, stdout: '' });
  const { error } = JSON.parse(checked.stderr) as { error: { code: string; faults: object[] } };
  expect(error.code).toBe('file-invalid');
  expect(error.faults).toContainEqual(expect.objectContaining({ line: 3, column: 1, path: '/chanel' }));
});

test('what a release file says is not said by options too', async () => {
  const path = await made.image('release.yaml', 'format: tidegate-release-1\n');
  expect(await cli(['release', 'add', '--file', path, '--class', 'security'])).toMatchObject({ code: 2 });
  expect(await cli(['release', 'add', 'x.img', '--product', 'gw2'])).toMatchObject({ code: 2 });
});

test('help shows examples', async () => {
  const help = await cli(['release', 'add', '--help']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toContain('$ tidegate-signer release add --file release.yaml');
});
