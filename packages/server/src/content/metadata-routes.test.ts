import { createHash } from 'node:crypto';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { insertMetadataFiles, switchCurrent } from '../publication/published-store.ts';
import { type TestApp, testApp } from '../testing/test-app.ts';

const LIST = Buffer.from(
  JSON.stringify({ targets: Array.from({ length: 100 }, (_, i) => `gw2/stable/app/${i}/app.bin`) }),
);
const SMALL = Buffer.from('{"signed":{}}');
const tagOf = (bytes: Buffer) => `"${createHash('sha256').update(bytes).digest('hex')}"`;

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
  await insertMetadataFiles(
    app.db,
    new Map([
      ['7.p-gw2-stable.json', LIST],
      ['7.snapshot.json', SMALL],
    ]),
    app.clock.now(),
  );
  await publishTimestamp(1);
});
afterAll(() => app.close());

async function publishTimestamp(version: number): Promise<Buffer> {
  const timestampBytes = Buffer.from(JSON.stringify({ version, padding: 'x'.repeat(2000) }));
  const versions = { timestampVersion: version, snapshotVersion: 7, rootVersion: 1 };
  await switchCurrent(app.db, { ...versions, timestampBytes }, app.clock.now());
  return timestampBytes;
}

const get = (file: string, headers: Record<string, string> = {}) =>
  app.device('GET', `//tuf/metadata/${file}`, { headers });

it('says nothing again to whom it told the timestamp, until there is a newer one', async () => {
  const first = await publishTimestamp(2);
  const answer = await get('timestamp.json', { 'accept-encoding': 'gzip' });
  expect(answer).toMatchObject({
    status: 200,
    bytes: first,
    headers: { etag: tagOf(first), 'cache-control': 'no-cache' },
  });
  expect([answer.headers['vary'], answer.headers['content-encoding']]).toEqual([undefined, undefined]);
  const again = await get('timestamp.json', { 'if-none-match': tagOf(first) });
  expect(again).toMatchObject({ status: 304, headers: { etag: tagOf(first), 'cache-control': 'no-cache' } });
  expect(again.bytes).toHaveLength(0);

  const second = await publishTimestamp(3);
  expect(await get('timestamp.json', { 'if-none-match': tagOf(first) })).toMatchObject({ status: 200, bytes: second });
});

it.each([
  ['br', brotliDecompressSync],
  ['gzip', gunzipSync],
])('sends a list as %s to whom wants it so, smaller, under a tag of its own', async (coding, decompress) => {
  const answer = await get('7.p-gw2-stable.json', { 'accept-encoding': coding });
  const tag = tagOf(LIST).replace(/"$/, `-${coding}"`);
  const headers = { etag: tag, vary: 'Accept-Encoding', 'cache-control': expect.stringContaining('immutable') };
  expect(answer).toMatchObject({ status: 200, headers: { ...headers, 'content-encoding': coding } });
  expect(answer.bytes.length).toBeLessThan(LIST.length / 4);
  expect(decompress(answer.bytes)).toEqual(LIST);
  // Also while it is remembered.
  expect((await get('7.p-gw2-stable.json', { 'accept-encoding': coding })).bytes).toEqual(answer.bytes);
  const again = await get('7.p-gw2-stable.json', { 'accept-encoding': coding, 'if-none-match': tag });
  expect(again).toMatchObject({ status: 304, headers });
  expect(again.headers['content-encoding']).toBeUndefined();
});

it('sends a list as it was signed to whom asks for no coding, and never takes one form for another', async () => {
  const headers = { etag: tagOf(LIST), vary: 'Accept-Encoding' };
  expect(await get('7.p-gw2-stable.json')).toMatchObject({ status: 200, bytes: LIST, headers });
  const identity = { 'accept-encoding': 'identity' };
  expect(await get('7.p-gw2-stable.json', identity)).toMatchObject({ status: 200, bytes: LIST, headers });
  const other = { ...identity, 'if-none-match': tagOf(LIST).replace(/"$/, '-br"') };
  expect(await get('7.p-gw2-stable.json', other)).toMatchObject({ status: 200, bytes: LIST });
});

it('leaves a small file as it is', async () => {
  const answer = await get('7.snapshot.json', { 'accept-encoding': 'br, gzip' });
  expect(answer).toMatchObject({ status: 200, bytes: SMALL, headers: { etag: tagOf(SMALL) } });
  expect(answer.headers['content-encoding']).toBeUndefined();
});

it('lets nothing remember that a file is not there, whatever the client claims to have', async () => {
  for (const file of ['8.root.json', 'root.json', 'x'.repeat(300)]) {
    const answer = await get(file, { 'if-none-match': '*', 'accept-encoding': 'br' });
    expect(answer).toMatchObject({ status: 404, headers: { 'cache-control': 'no-store' } });
    expect(answer.headers['etag']).toBeUndefined();
  }
});
