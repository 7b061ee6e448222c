import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeVictim, sha256, startStaticServer } from '@tidegate/test';
import { expect, test } from 'vitest';

const IMAGE = Buffer.from('an image of some length');

function flipped(): Buffer {
  const bytes = Buffer.from(IMAGE);
  bytes.writeUInt8(bytes.readUInt8(5) ^ 1, 5);
  return bytes;
}

test('an image with one bit flipped is refused and not kept', async () => {
  await using victim = await makeVictim();
  const path = victim.release({}, IMAGE);
  await victim.trust.refresh();
  victim.server.twist('app.bin', { kind: 'replace', bytes: flipped() });
  const error = await victim.refuses('artifact-hash', () => victim.update(path));
  expect(error.sources).toBe(1);
  expect(await readdir(join(victim.netDir, 'downloads'))).not.toContain(sha256(IMAGE));
  await victim.recovers();
});

test('an image flipped at two sources says so, and one honest mirror is enough', async () => {
  await using mirror = await startStaticServer({ metadata: new Map(), artifacts: new Map() });
  await using victim = await makeVictim({ mirrors: [mirror.url] });
  mirror.serve(victim.repo);
  const path = victim.release({}, IMAGE);
  await victim.trust.refresh();
  for (const server of [victim.server, mirror]) server.twist('app.bin', { kind: 'replace', bytes: flipped() });
  const error = await victim.refuses('artifact-hash', () => victim.update(path));
  expect(error.sources).toBe(2);
  mirror.honest();
  expect(await victim.update(path)).toEqual(IMAGE);
});

test('a poisoned beginning, left by an attacker who then cut the line, does not spoil the honest rest', async () => {
  await using victim = await makeVictim();
  const path = victim.release({}, IMAGE);
  await victim.trust.refresh();
  const name = [...victim.repo.artifacts.keys()].at(-1) ?? '';
  victim.server.serve({ metadata: victim.repo.metadata, artifacts: new Map([[name, flipped()]]) });
  victim.server.twist('app.bin', { kind: 'cut', after: 10 });
  await victim.refuses('network', () => victim.update(path));
  victim.server.honest();
  victim.server.serve(victim.repo);
  expect(await victim.update(path)).toEqual(IMAGE);
});
