import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { onTrial, settledOn } from './boot-environment.ts';
import { BLOCK_BYTES, changedSector, readBlock, SECTOR_BYTES } from './grub-block.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidegate-grub-'));
  file = join(folder, 'grubenv');
});
afterEach(() => rmSync(folder, { recursive: true }));

const grubEditenv = (...args: string[]) => execFileSync('grub-editenv', [file, ...args], { encoding: 'utf8' });

/** The block after the first sector of it was exchanged. */
function changed(bytes: Buffer, variables: Readonly<Record<string, string>>): Buffer {
  const change = changedSector(bytes, variables);
  if ('fault' in change) throw new Error(change.fault);
  return Buffer.concat([change.sector, bytes.subarray(SECTOR_BYTES)]);
}

test('grub-editenv reads what we wrote, and the variables of others are as they were', () => {
  grubEditenv('create');
  grubEditenv('set', 'saved_entry=Linux 6.1', String.raw`path=a\b`);
  const before = readFileSync(file);
  writeFileSync(file, changed(before, onTrial('b', 3)));
  expect(grubEditenv('list').trim().split('\n').toSorted()).toEqual(
    [
      'bootcount=0',
      'bootlimit=3',
      String.raw`path=a\b`,
      'recoverylimit=6',
      'saved_entry=Linux 6.1',
      'tidegate_recovery=0',
      'tidegate_slot=b',
      'upgrade_available=1',
    ].toSorted(),
  );
  expect(readFileSync(file).subarray(SECTOR_BYTES)).toEqual(before.subarray(SECTOR_BYTES));
});

test('we read what grub-editenv wrote', () => {
  grubEditenv('create');
  grubEditenv('set', 'tidegate_slot=a', String.raw`odd=x\y=z`);
  expect(readBlock(readFileSync(file))).toEqual({ tidegate_slot: 'a', odd: String.raw`x\y=z` });
});

test('a block whose variables leave the first sector is not touched', () => {
  grubEditenv('create');
  grubEditenv('set', `long=${'x'.repeat(500)}`);
  expect(changedSector(readFileSync(file), settledOn('a'))).toMatchObject({ fault: expect.stringContaining('512') });
});

test.each([
  ['too short', Buffer.from('# GRUB Environment Block\n')],
  ['of another kind', Buffer.alloc(BLOCK_BYTES, '#')],
  ['emptied by a power cut', Buffer.alloc(0)],
  ['half a line long', Buffer.from('# GRUB Environment Block\na=1'.padEnd(BLOCK_BYTES, 'x'))],
])('a file that is %s is no block', (_how, bytes) => {
  expect(readBlock(bytes)).toBeUndefined();
  expect(changedSector(bytes, settledOn('a'))).toMatchObject({ fault: expect.any(String) });
});

const name = fc.stringMatching(/^[a-z_]{1,8}$/);
const value = fc.stringMatching(/^[ -~\n]{0,20}$/);
const few = fc.dictionary(name, value, { maxKeys: 6 });
const empty = Buffer.from('# GRUB Environment Block\n'.padEnd(BLOCK_BYTES, '#'));

test('reads back whatever was set, over whatever was there, and never grows', () => {
  fc.assert(
    fc.property(few, few, (first, second) => {
      const bytes = changed(changed(empty, first), second);
      expect(readBlock(bytes)).toEqual({ ...first, ...second });
      expect(bytes).toHaveLength(BLOCK_BYTES);
    }),
  );
});

test('any bytes are read or refused, and never throw', () => {
  const any = fc.uint8Array({ minLength: 0, maxLength: BLOCK_BYTES - 25 });
  fc.assert(
    fc.property(any, tail => {
      const bytes = Buffer.concat([empty.subarray(0, 25), tail, empty.subarray(25 + tail.length)]);
      expect(() => [readBlock(bytes), changedSector(bytes, settledOn('a'))]).not.toThrow();
    }),
  );
});
