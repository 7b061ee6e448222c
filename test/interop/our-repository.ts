/** What every client that we did not write must be able to do with a repository of ours, and must refuse from one of an attacker. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { METADATA_BASE, TARGETS_BASE } from '@tidegate/protocol';
import { emptyDatabase } from '@tidegate/server/testing';
import { beforeAll, expect, test } from 'vitest';
import { flipMiddle, startEvilServer } from '../src/evil-server.ts';
import { startOwnServer } from '../src/own-server.ts';
import { sha256 } from '../src/repo-sim.ts';
import { metadataOf, openSigningDesk } from '../src/signing-desk.ts';
import { tempFolder } from '../src/temp-folder.ts';
import type { ForeignClient, Wanted } from './foreign-client.ts';

interface OurRepository extends AsyncDisposable {
  readonly url: string;
  /** Signs and publishes a release, and asks for it as the client does. */
  release(version: string): Promise<{ targetName: string; sha256: string }>;
  rotateKeys(): Promise<void>;
  metadata(file: string): Promise<Buffer>;
  /** What a client that begins with the first root asks for, in a folder of its own by name. */
  wanted(client: string, targetName: string, url?: string): Wanted;
}

/** Signed by the product's own signer, published to the product's own server, which serves it. */
async function openOurRepository(): Promise<OurRepository> {
  await using closing = new AsyncDisposableStack();
  const folder = closing.use(await tempFolder('tidegate-interop'));
  const desk = await openSigningDesk({ folder: join(folder.path, 'signing'), products: ['gw2'], scryptN: 1024 });
  const database = await emptyDatabase();
  closing.defer(() => database.drop());
  const own = closing.use(await startOwnServer({ databaseUrl: database.url, root: await readFile(desk.rootFile) }));
  const { adminUrl, deviceUrl } = own.server;
  const kept = closing.move();
  return {
    url: deviceUrl,
    rotateKeys: () => desk.rotateKeys(),
    metadata: file => metadataOf(desk, file),
    release: async version => {
      const content = randomBytes(200_000);
      const file = join(folder.path, 'app.bin');
      await writeFile(file, content);
      const { path } = await desk.release({ file, version, format: 'file' });
      await desk.publish({ adminUrl, token: own.adminToken, readBackUrl: deviceUrl });
      return { targetName: path, sha256: sha256(content) };
    },
    wanted: (client, targetName, url = deviceUrl) => ({
      folder: join(folder.path, client),
      rootFile: desk.rootFile,
      metadataUrl: `${url}${METADATA_BASE}`,
      targetBaseUrl: `${url}${TARGETS_BASE}`,
      targetName,
    }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Declares the tests. @param prepare brings the client, however long that takes */
export function testWithOurRepository(prepare: () => Promise<ForeignClient>, prepareWithinMs: number): void {
  let bring: ForeignClient;
  beforeAll(async () => {
    bring = await prepare();
  }, prepareWithinMs);

  const brings = async (wanted: Wanted, hash: string) => {
    const { code, sha256: found, output } = await bring(wanted);
    // What it printed is shown where it should have succeeded.
    expect({ fault: code === 0 ? 'none' : output, found }).toEqual({ fault: 'none', found: hash });
  };
  const refuses = async (wanted: Wanted) => {
    const { code, sha256: found } = await bring(wanted);
    expect({ isRefused: code !== 0, found }).toEqual({ isRefused: true, found: undefined });
  };

  test('downloads by way of a delegation, and goes on through rotations of root and online keys', async () => {
    await using ours = await openOurRepository();
    const first = await ours.release('1.0.0');
    await brings(ours.wanted('early', first.targetName), first.sha256);
    await ours.rotateKeys();
    const second = await ours.release('1.1.0');
    expect(JSON.parse((await ours.metadata('3.root.json')).toString())).toHaveProperty('signed.version', 3);
    for (const client of ['early', 'late']) await brings(ours.wanted(client, second.targetName), second.sha256);
  });

  test('refuses what no list of ours names, and what an attacker changed on the way', async () => {
    await using ours = await openOurRepository();
    const { targetName, sha256: hash } = await ours.release('1.0.0');
    await refuses(ours.wanted('unknown', 'gw2/stable/app/6.6.6/app.bin'));

    await using evil = await startEvilServer(ours.url);
    evil.attack({ artifact: flipMiddle });
    await refuses(ours.wanted('twisted', targetName, evil.url));
    evil.attack({ metadata: new Map([['timestamp.json', forged(await ours.metadata('timestamp.json'))]]) });
    await refuses(ours.wanted('forged', targetName, evil.url));
    evil.attack({});
    await brings(ours.wanted('twisted', targetName, evil.url), hash);
  });
}

/** Says that it is a thousand versions later, under the old signature. */
function forged(timestamp: Buffer): Buffer {
  return Buffer.from(
    timestamp.toString().replace(/"version":(\d+)/g, (_, version: string) => `"version":${version}000`),
  );
}
