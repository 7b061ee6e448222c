/** Two people who publish at once from two copies of one repository: one wins, the other loses nothing and follows. */
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emptyDatabase } from '@tidegate/server/testing';
import { openKeyFile, Repository } from '@tidegate/signer';
import { expect, test } from 'vitest';
import { runToEnd } from '../src/child.ts';
import { startOwnServer } from '../src/own-server.ts';
import { openSigningDesk } from '../src/signing-desk.ts';
import { tempFolder } from '../src/temp-folder.ts';

const SIGNER = fileURLToPath(import.meta.resolve('@tidegate/signer/cli'));

/** A copy of the repository, and the change that its owner brings out. */
interface Publisher {
  readonly dir: string;
  readonly change: () => Promise<void>;
}

test('one of two publishers wins; the other exits with 7, keeps its folder, and follows on a copy of the winner’s', async () => {
  await using folder = await tempFolder();
  const options = { folder: folder.path, products: ['gw2'], scryptN: 1024, keepPassphrases: true };
  const desk = await openSigningDesk(options);
  const database = await emptyDatabase();
  await using own = await startOwnServer({ databaseUrl: database.url, root: await readFile(desk.rootFile) });
  const { adminUrl } = own.server;
  await desk.publish({ adminUrl, token: own.adminToken });
  const tokenFile = join(folder.path, 'token');
  await writeFile(tokenFile, own.adminToken, { mode: 0o600 });
  const image = join(folder.path, 'app.img');
  await writeFile(image, 'an image');
  const key = async (name: string) => {
    const path = join(folder.path, 'keys', name);
    return openKeyFile(`${path}.json`, await readFile(`${path}.passphrase`, 'utf8'));
  };

  const releasing: Publisher = {
    dir: desk.repository.dir,
    change: async () => {
      await desk.release({ file: image, version: '1.0.0', format: 'file' });
      await desk.refresh();
    },
  };
  const holdingDir = join(folder.path, 'clone');
  const holding: Publisher = {
    dir: holdingDir,
    change: async () => {
      const repository = await Repository.open(holdingDir);
      const reason = { en: 'The lights go off after a day.' };
      await repository.addHold({ product: 'gw2', component: 'app', version: '0.9.0', reason });
      await repository.sign('h-gw2', await key('duty'));
      await repository.refreshOnline({ snapshot: await key('snapshot'), timestamp: await key('timestamp') });
    },
  };
  const publish = ({ dir }: Publisher) =>
    runToEnd([SIGNER, 'publish', '--repo', dir, '--to', adminUrl, '--token-file', tokenFile, '--json']);

  await cp(releasing.dir, holding.dir, { recursive: true });
  const both = [releasing, holding];
  for (const { change } of both) await change();
  const before = await Promise.all(both.map(({ dir }) => contents(dir)));
  const ended = await Promise.all(both.map(publish));

  expect(new Set(ended.map(e => e.code))).toEqual(new Set([0, 7]));
  const lost = ended.findIndex(e => e.code === 7);
  const [loser, winner] = [both[lost], both[1 - lost]];
  if (!loser || !winner) throw new Error('nobody lost');
  const { error } = JSON.parse(ended[lost]?.stderr ?? '') as { error: { code: string; message: string } };
  expect(error.code).toBe('publication-conflict');
  expect(error.message).toContain('take their folder over');
  expect(await contents(loser.dir)).toEqual(before[lost]);

  await rm(loser.dir, { recursive: true });
  await cp(winner.dir, loser.dir, { recursive: true });
  await loser.change();
  expect(await publish(loser)).toMatchObject({ code: 0 });
  expect(await publish(winner)).toMatchObject({ code: 0 });
});

/** Every file below a folder, by its path. */
async function contents(dir: string): Promise<Map<string, string>> {
  const entries = (await readdir(dir, { recursive: true, withFileTypes: true })).filter(e => e.isFile());
  const files = entries.map(e => join(e.parentPath, e.name)).toSorted();
  return new Map(await Promise.all(files.map(async f => [f, await readFile(f, 'base64')] as const)));
}
