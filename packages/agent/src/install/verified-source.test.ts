import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withVerifiedFile } from './verified-source.ts';

const BYTES = randomBytes(100_000);
const signed = { sha256: createHash('sha256').update(BYTES).digest('hex'), lengthBytes: BYTES.length };
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-source-'));
  file = join(folder, 'artifact');
  await writeFile(file, BYTES);
});
afterEach(() => rm(folder, { recursive: true }));

describe('a program that opens the artifact by itself', () => {
  test('sees the bytes that were hashed, though another file has come to lie under the name', async () => {
    const seen = await withVerifiedFile(file, signed, async path => {
      await writeFile(join(folder, 'other'), 'another bundle');
      await rename(join(folder, 'other'), file);
      return readFile(path);
    });
    expect(seen.equals(BYTES)).toBe(true);
  });

  test('does not begin where the bytes are not the signed ones', async () => {
    const other = Buffer.from(BYTES);
    other[50_000]! ^= 1;
    await writeFile(file, other);
    let begun = false;
    const refused = withVerifiedFile(file, signed, async () => {
      begun = true;
    });
    await expect(refused).rejects.toMatchObject({ code: 'artifact-hash' });
    expect(begun).toBe(false);
    await writeFile(file, BYTES.subarray(1));
    await expect(withVerifiedFile(file, signed, async () => undefined)).rejects.toMatchObject({
      code: 'artifact-length',
    });
  });

  test('did its work in vain where the bytes changed beneath it', async () => {
    const spoiled = withVerifiedFile(file, signed, async () => {
      await writeFile(file, Buffer.alloc(BYTES.length), { flag: 'r+' });
    });
    await expect(spoiled).rejects.toMatchObject({ code: 'artifact-hash' });
  });

  test('is what failed where it failed, and the descriptor is closed', async () => {
    let path = '';
    const failed = withVerifiedFile(file, signed, async given => {
      path = given;
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    await expect(readFile(path)).rejects.toThrow('ENOENT');
  });
});
