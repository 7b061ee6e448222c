import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AcceptedTarget } from '@tidegate/agent';
import { makeVictim, sha256, startStaticServer, type Victim } from '@tidegate/test';
import { expect, test } from 'vitest';

const CONTENT = Buffer.alloc(1_000_000, 'image');

async function offered(victim: Victim, content = CONTENT): Promise<AcceptedTarget> {
  const path = victim.release({}, content);
  await victim.trust.refresh();
  return victim.trust.accept(path, { product: 'gw2', channel: 'stable', hardware: 'gw2-a', installed: {} });
}

const imageRequests = (victim: Victim) =>
  victim.server.requests.filter(r => r.includes('/targets/')).map(r => r.split(' ')[1] ?? 'whole');

const run = (victim: Victim, target: AcceptedTarget, signal = new AbortController().signal) =>
  victim.downloader.download(target, { signal });

test('goes on where the line broke, and asks for nothing twice', async () => {
  await using victim = await makeVictim();
  const target = await offered(victim);
  victim.server.twist('app.bin', { kind: 'cut', after: 700_000 });
  await expect(run(victim, target)).rejects.toMatchObject({ code: 'network' });
  victim.server.honest();
  await run(victim, target);
  await run(victim, target);
  expect(imageRequests(victim)).toEqual(['whole', expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
});

test('begins anew where what is held is longer than what was signed', async () => {
  await using victim = await makeVictim();
  const target = await offered(victim);
  await run(victim, { ...target, sha256: sha256('other') }).catch(() => undefined);
  await writeFile(join(victim.netDir, 'downloads', `${target.sha256}.part`), Buffer.concat([CONTENT, CONTENT]));
  await run(victim, target);
  expect(imageRequests(victim).at(-1)).toBe('whole');
});

test('does not believe a file because of its name', async () => {
  await using victim = await makeVictim();
  const target = await offered(victim);
  const path = await run(victim, target);
  await writeFile(path, 'changed on disk');
  expect(await run(victim, target)).toBe(path);
  expect(imageRequests(victim)).toEqual(['whole', 'whole']);
});

test('takes up at a mirror what another source began', async () => {
  await using mirror = await startStaticServer({ metadata: new Map(), artifacts: new Map() });
  await using victim = await makeVictim({ mirrors: [mirror.url] });
  mirror.serve(victim.repo);
  const target = await offered(victim);
  victim.server.twist('app.bin', { kind: 'cut', after: 700_000 });
  await run(victim, target);
  expect(mirror.requests.filter(r => r.includes('/targets/')).map(r => r.split(' ')[1])).toEqual([
    expect.stringMatching(/^bytes=[1-9]\d*-$/),
  ]);
});

test('stops when the signal fires, and keeps what has come', async () => {
  await using victim = await makeVictim();
  const target = await offered(victim);
  const abort = new AbortController();
  victim.server.twist('app.bin', { kind: 'drip' });
  const download = victim.downloader.download(target, { signal: abort.signal, onProgress: () => abort.abort() });
  await expect(download).rejects.toMatchObject({ code: 'stopped' });
  expect(await readdir(join(victim.netDir, 'downloads'))).toContain(`${target.sha256}.part`);
});

test('a server that breaks off again and again does not use up the data plan, across restarts too', async () => {
  await using victim = await makeVictim();
  const target = await offered(victim);
  victim.server.twist('app.bin', { kind: 'replace', bytes: Buffer.alloc(CONTENT.length) });
  const codes: string[] = [];
  for (let tries = 0; tries < 5; tries++)
    codes.push(
      await run(victim, target).then(
        () => 'done',
        (e: { code: string }) => e.code,
      ),
    );
  expect(codes).toEqual(['artifact-hash', 'artifact-hash', 'artifact-hash', 'data-budget', 'data-budget']);
  await victim.downloader.keepOnly([]);
  victim.server.honest();
  await run(victim, target);
});

test('asks first whether there is room', async () => {
  await using victim = await makeVictim();
  const target = await offered(victim);
  await expect(run(victim, { ...target, lengthBytes: 2 ** 52 })).rejects.toMatchObject({ code: 'disk-full' });
  expect(imageRequests(victim)).toEqual([]);
});

test('tells progress no more than four times a second, and the end', async () => {
  await using victim = await makeVictim();
  const target = await offered(victim);
  const told: number[] = [];
  await victim.downloader.download(target, {
    signal: new AbortController().signal,
    onProgress: ({ receivedBytes }) => told.push(receivedBytes),
  });
  // The clock stands still: the first piece and the last.
  expect(told.length).toBeLessThanOrEqual(2);
  expect(told.at(-1)).toBe(CONTENT.length);
});

test('forgets all but what is still wanted', async () => {
  await using victim = await makeVictim();
  const [one, two] = [await offered(victim), await offered(victim, Buffer.from('two'))];
  await run(victim, one);
  await run(victim, two);
  await victim.downloader.keepOnly([two.sha256]);
  expect((await readdir(join(victim.netDir, 'downloads'))).every(name => name.startsWith(two.sha256))).toBe(true);
});

test('an empty file can be a release', async () => {
  await using victim = await makeVictim();
  const target = await offered(victim, Buffer.alloc(0));
  await expect(run(victim, target)).resolves.toContain(target.sha256);
});

test('names the server’s wish to wait', async () => {
  await using victim = await makeVictim();
  const target = await offered(victim);
  victim.server.twist('app.bin', { kind: 'status', status: 503, headers: { 'retry-after': '42' } });
  await expect(run(victim, target)).rejects.toMatchObject({ code: 'network', retryAfterSeconds: 42 });
});
