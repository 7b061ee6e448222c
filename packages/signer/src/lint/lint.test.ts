/** What lint finds in a repository as a whole, and how the command tells it. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { EXIT } from '../cli/exit-code.ts';
import { runHere } from '../cli/test-program.ts';
import type { TestRepository } from '../test-repository.ts';
import { entryIn, found, type LintedRepository, lintedRepository } from './test-lint.ts';

let made: TestRepository;
let edit: LintedRepository['edit'];
let findings: LintedRepository['findings'];
let released: LintedRepository['released'];
let sign: LintedRepository['sign'];
beforeEach(async () => {
  ({ made, edit, findings, released, sign } = await lintedRepository());
});

test('a sound repository with a draft in it has nothing to be said against', async () => {
  await released('1.0.0');
  expect(await findings()).toEqual([]);
});

describe('what lies in the folder', () => {
  test('images that no list names, and images that are not there', async () => {
    const path = await released('1.0.0');
    const artifacts = join(made.dir, 'artifacts');
    await sign('p-gw2-stable');
    for (const name of await readdir(artifacts)) await rm(join(artifacts, name));
    await writeFile(join(artifacts, 'cd'.repeat(32)), 'left over');
    expect(await findings()).toEqual([
      found('artifact-missing', 'error', { path }),
      found('snapshot-lags', 'warning', { role: 'p-gw2-stable' }),
      found('artifact-orphaned', 'warning', { path: `artifacts/${'cd'.repeat(32)}` }),
    ]);
  });

  test('lists that run out, and a clock that is behind a signed time', async () => {
    made.later(2.5);
    expect(await findings()).toEqual([found('expires-soon', 'warning', { role: 'timestamp' })]);
    made.later(1);
    expect(await findings()).toContainEqual(found('expired', 'error', { role: 'timestamp' }));
    made.later(-4);
    expect(await findings()).toContainEqual(found('clock-behind', 'error'));
    await made.repo.renew('h-gw2');
    await expect(made.repo.sign('h-gw2', made.keys.b.signer)).rejects.toMatchObject({ code: 'draft-unsound' });
  });

  test('a list that lost a signature, one that cannot be read, and one that nobody delegates to', async () => {
    await edit('metadata/1.p-gw2-stable.json', envelope => void envelope.signatures.pop());
    await writeFile(join(made.dir, 'metadata', '1.h-gw2.json'), '{}');
    const beta = await readFile(join(made.dir, 'metadata', '1.p-gw2-beta.json'));
    await writeFile(join(made.dir, 'metadata', '1.p-gw2-old.json'), beta);
    const all = await findings();
    expect(all).toContainEqual(found('threshold-not-met', 'error', { role: 'p-gw2-stable' }));
    expect(all).toContainEqual(found('metadata-invalid', 'error', { role: 'h-gw2' }));
    expect(all).toContainEqual(found('role-stray', 'warning', { role: 'p-gw2-old' }));
  });

  test('a list that will soon hold no more', async () => {
    const path = await released('1.0.0');
    await edit('staged/p-gw2-stable.json', ({ signed }) => {
      for (let i = 0; i < 451; i++) {
        signed.targets[path.replace('.img', `-${i}.img`)] = entryIn(signed, path);
      }
    });
    expect(await findings()).toContainEqual(found('nearly-full', 'warning', { role: 'p-gw2-stable' }));
  });
});

test('a list that is signed and that no snapshot names yet', async () => {
  await released('1.0.0');
  await sign('p-gw2-stable');
  expect(await findings()).toEqual([found('snapshot-lags', 'warning', { role: 'p-gw2-stable' })]);
  await made.repo.refreshOnline({ snapshot: made.keys.snap.signer, timestamp: made.keys.time.signer });
  expect(await findings()).toEqual([]);
});

test('the command exits with 0 on warnings, with 4 under --strict and on errors; and sign shows the warnings', async () => {
  const cli = (...args: string[]) => runHere([...args, '--repo', made.dir, '--keys', join(made.dir, '..')]);
  expect(await cli('lint')).toEqual({ code: EXIT.ok, out: 'Nothing was found.\n', err: '' });
  await released('2.0.0');
  const path = await released('1.4.3');
  expect(await cli('lint')).toMatchObject({ code: EXIT.ok, out: expect.stringContaining('warning features-lost') });
  expect(await cli('lint', '--strict')).toMatchObject({ code: EXIT.verificationFailed });
  const sign = ['sign', 'p-gw2-stable', '--key', 'a', '--allow-pending'];
  expect(await cli(...sign)).toMatchObject({ code: EXIT.ok, err: expect.stringContaining('features-lost') });
  await edit('staged/p-gw2-stable.json', ({ signed }) => (entryIn(signed, path).length += 1));
  const failed = await cli('lint', '--json');
  expect(failed).toMatchObject({ code: EXIT.verificationFailed });
  expect(JSON.parse(failed.out)).toMatchObject({
    findings: [found('artifact-differs', 'error'), { severity: 'warning' }],
  });
  expect(JSON.parse(failed.err)).toMatchObject({ error: { code: 'lint-failed' } });
});
