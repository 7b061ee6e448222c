import { execFile } from 'node:child_process';
import { cp, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EXIT } from './cli/exit-code.ts';
import { runHere } from './cli/test-program.ts';
import { Signer } from './keys/signer.ts';
import { Repository } from './repository.ts';
import { release, signedRepository, START, type TestRepository } from './test-repository.ts';
import { contentsOf, smallDisk } from './test-small-disk.ts';

const MEGABYTE = 1024 ** 2;
const full = (message: RegExp) =>
  expect.objectContaining({ code: 'disk-full', message: expect.stringMatching(message) });

/** None where nothing can be mounted: then what follows from a limit of file sizes is tested alone. */
const disks = [await smallDisk(8)].filter(disk => disk !== undefined);
afterAll(() => Promise.all(disks.map(disk => disk[Symbol.asyncDispose]())));

let made: TestRepository;
beforeAll(async () => {
  made = await signedRepository();
  await made.repo.addRelease(release(await made.image('first.img', 'first')));
});

async function sparse(name: string, bytes: number): Promise<string> {
  const path = await made.image(name, '');
  await truncate(path, bytes);
  return path;
}

test('where files may not grow so large, a release is refused with 12 and the repository stays as it was', async () => {
  const image = await sparse('ten-gigabytes.img', 10 * 1024 ** 3);
  const before = await contentsOf(made.dir);
  const words = ['release', 'add', image, '--product', 'gw2', '--channel', 'stable', '--component', 'rootfs'];
  const args = [...words, '--version', '2.0.0', '--hardware', 'gw2-b', '--repo', made.dir, '--json'];
  const ended = await new Promise<{ code: unknown; stdout: string; stderr: string }>(resolve => {
    const cli = join(import.meta.dirname, 'cli.ts');
    // Blocks of 1,024 bytes.
    execFile('bash', ['-c', 'ulimit -f 2048; exec "$@"', 'bash', process.execPath, cli, ...args], (e, stdout, stderr) =>
      resolve({ code: e?.code, stdout, stderr }),
    );
  });
  expect(ended).toMatchObject({ code: EXIT.diskFull, stdout: '' });
  expect(JSON.parse(ended.stderr)).toEqual({
    error: full(/files may not be so large|\d+ bytes are needed, \d+ are free/),
  });
  expect(await contentsOf(made.dir)).toEqual(before);
});

describe.each(disks)('on a disk of eight megabytes', disk => {
  let dir: string;
  let repo: Repository;
  let before: Map<string, string>;
  beforeEach(async () => {
    await disk.clear();
    dir = join(disk.path, 'repository');
    await rm(dir, { recursive: true, force: true });
    await cp(made.dir, dir, { recursive: true });
    repo = await Repository.open(dir, { now: () => START });
    before = await contentsOf(dir);
  });

  const DESCRIBED = {
    product: 'gw2',
    channel: 'stable',
    names: { en: 'Gateway 2' },
    supportEnds: '2031-12-31',
    vulnerabilityContact: 'https://example.com/security',
    sensors: [],
  };

  const cli = async (...args: string[]) => {
    const ended = await runHere([...args, '--json', '--repo', dir, '--keys', join(made.dir, '..')]);
    return { ...ended, error: (JSON.parse(ended.err) as { error: unknown }).error };
  };

  test('an image of ten gigabytes is refused before a byte of it is read, with what is needed and what is free', async () => {
    const image = await sparse('ten-gigabytes.img', 10 * 1024 ** 3);
    const cpu = process.cpuUsage();
    await expect(repo.addRelease(release(image, { version: '2.0.0' }))).rejects.toEqual(
      full(/1073\d{7} bytes are needed, \d{7} are free/),
    );
    const { user, system } = process.cpuUsage(cpu);
    expect((user + system) / 1e6).toBeLessThan(0.5);
    expect(await contentsOf(dir)).toEqual(before);
  });

  test('a disk that is filled while the image comes in is told of, and nothing of the image stays', async () => {
    const image = await sparse('three.img', 3 * MEGABYTE);
    const wanted = release(image, { version: '2.0.0' });
    const onProgress = (done: number) => {
      if (done === MEGABYTE) disk.fill(0);
    };
    await expect(repo.addRelease({ ...wanted, onProgress })).rejects.toEqual(full(/became full/));
    await disk.clear();
    expect(await contentsOf(dir)).toEqual(before);
    expect(await repo.addRelease(wanted)).toMatchObject({ added: true });
  });

  test('a disk that is filled between the image and its documents takes the image back', async () => {
    const image = await sparse('three.img', 3 * MEGABYTE);
    const wanted = release(image, { version: '2.0.0', notesFile: await made.image('notes.md', 'n'.repeat(100_000)) });
    const onProgress = (done: number, total: number) => {
      if (done === total) disk.fill(8192);
    };
    await expect(repo.addRelease({ ...wanted, onProgress })).rejects.toEqual(full(/became full/));
    await disk.clear();
    expect(await contentsOf(dir)).toEqual(before);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['a hold', () => repo.addHold({ product: 'gw2', component: 'rootfs', version: '1', reason: { en: 'It hangs.' } })],
    ['a descriptor', () => repo.describeProduct(DESCRIBED)],
    ['a delegation', () => repo.addDelegation({ product: 'gw3', channel: 'beta', keys: [made.keys.ci] })],
    ['a signature', () => repo.sign('p-gw2-stable', made.keys.ci.signer)],
  ])('%s on a full disk changes nothing, and comes through once there is room', async (_what, edit) => {
    disk.fill(0);
    await expect(edit()).rejects.toEqual(full(/became full/));
    await disk.clear();
    expect(await contentsOf(dir)).toEqual(before);
    await edit();
  });

  test.each([0, 8192, 300_000])('publish with %i bytes free exits with 12, and signs and sends nothing', async free => {
    await repo.renew('h-gw2');
    await repo.sign('h-gw2', made.keys.a.signer);
    before = await contentsOf(dir);
    const keys = ['--snapshot-key', 'snap', '--timestamp-key', 'time'];
    const token = await made.image('token', 'releaser');
    const publish = ['publish', '--to', 'http://127.0.0.1:1', '--token-file', token, ...keys];
    disk.fill(free);
    expect(await cli(...publish)).toMatchObject({ code: EXIT.diskFull, out: '', error: full(/bytes are needed/) });
    await disk.clear();
    expect(await contentsOf(dir)).toEqual(before);
    // With room again it comes as far as the server, which is not there.
    expect(await cli(...publish)).toMatchObject({ code: EXIT.network, error: { code: 'network' } });
  });

  test('a disk that is filled between snapshot and timestamp takes the snapshot back', async () => {
    await repo.renew('h-gw2');
    await repo.sign('h-gw2', made.keys.a.signer);
    before = await contentsOf(dir);
    const { snap, time } = made.keys;
    const timestamp = new Signer(time.key, {
      sign: bytes => {
        disk.fill(0);
        return time.signer.sign(bytes);
      },
    });
    const refreshed = repo.refreshOnline({ snapshot: snap.signer, timestamp });
    await expect(refreshed).rejects.toEqual(full(/became full/));
    await disk.clear();
    expect(await contentsOf(dir)).toEqual(before);
  });

  test('a client that cannot keep its files says that the disk is full, not that the lists are wrong', async () => {
    disk.fill(0);
    const { TMPDIR } = process.env;
    process.env['TMPDIR'] = disk.path;
    try {
      const root = join(dir, 'metadata', '1.root.json');
      expect(await cli('verify', dir, '--root', root)).toMatchObject({
        code: EXIT.diskFull,
        error: full(/became full/),
      });
    } finally {
      if (TMPDIR === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = TMPDIR;
    }
  });
});
