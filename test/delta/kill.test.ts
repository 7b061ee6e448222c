import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BLOCK_BYTES, handMadePatch, sha256, until } from '@tidegate/test';
import { expect, test } from 'vitest';
import { deltaDevice, NEW, OLD } from './device.ts';

const PROCESS = fileURLToPath(new URL('download-process.ts', import.meta.url));

test('killed in the middle of a patch, it goes on at the block that it had', async () => {
  const patch = handMadePatch(OLD, NEW);
  await using device = await deltaDevice({ 'p.patch': patch });
  const { victim, target, deltas, oldPath } = device;
  victim.server.twist('p.patch', { kind: 'halt', at: patch.frameOffsets[20] ?? 0 });
  const oldImage = { path: oldPath, lengthBytes: OLD.length, sha256: sha256(OLD) };
  const job = JSON.stringify({ netDir: victim.netDir, source: victim.server.url, target, deltas, oldImage });
  const child = spawn(process.execPath, [PROCESS, job], { stdio: 'inherit' });
  const part = join(victim.netDir, 'downloads', `${target.sha256}.part`);
  const heldBytes = () =>
    stat(part).then(
      s => s.size,
      () => 0,
    );
  await until('bytes of the image on the disk', async () => ((await heldBytes()) > 0 ? true : undefined));
  child.kill('SIGKILL');
  await once(child, 'exit');

  const held = Math.floor((await heldBytes()) / BLOCK_BYTES);
  expect(held).toBeGreaterThan(0);
  victim.server.honest();
  expect((await readFile(await device.download())).equals(NEW)).toBe(true);
  expect(device.asked('p.patch').at(-1)).toBe(`bytes=${patch.frameOffsets[held]}-${patch.bytes.length - 1}`);
  expect(device.asked('app.bin')).toEqual([]);
});
