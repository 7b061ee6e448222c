import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TAGGED_BY_NAME, type TagRow } from '@tidegate/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliError } from '../cli-error.ts';
import { type TagBatch, tagBatches } from './tag-rows.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-csv-'));
});
afterAll(() => rm(folder, { recursive: true }));

const id = (n: number) => n.toString(16).padStart(32, '0');

async function batchesOf(text: string | Buffer): Promise<TagBatch[]> {
  const path = join(folder, 'devices.csv');
  await writeFile(path, text);
  const batches: TagBatch[] = [];
  for await (const batch of tagBatches(path)) batches.push(batch);
  return batches;
}

async function rowsOf(text: string): Promise<readonly TagRow[]> {
  return (await batchesOf(text)).flatMap(b => b.rows);
}

describe('a table of tags', () => {
  it('gives, takes and groups, in any order of columns, as spreadsheets write it', async () => {
    const text = `\ufeffgroup,device,remove,add\r\npilot,${id(1)},,"lab  floor-2 lab"\r\n\r\n-,${id(2)},old,\r\n,"${id(3)}",, x \r\n`;
    expect(await rowsOf(text)).toEqual([
      { device: id(1), add: ['lab', 'floor-2'], group: 'pilot' },
      { device: id(2), remove: ['old'], group: null },
      { device: id(3), add: ['x'] },
    ]);
  });

  it('is read in batches that a request may carry, each row with its line', async () => {
    const lines = Array.from({ length: TAGGED_BY_NAME + 2 }, (_, i) => `${id(i)},lab`);
    const [first, second, ...more] = await batchesOf(`device,add\n${lines.join('\n')}`);
    expect([first?.rows.length, second?.rows.length, more]).toEqual([TAGGED_BY_NAME, 2, []]);
    expect([first?.lines[0], second?.lines]).toEqual([2, [TAGGED_BY_NAME + 2, TAGGED_BY_NAME + 3]]);
  });

  it.each<[string, string | Buffer, RegExp]>([
    ['nothing', '', /is empty/],
    ['no device', 'add,group\nlab,x\n', /line 1: the heading/],
    ['no change', `device\n${id(1)}\n`, /line 1: the heading/],
    ['an unknown column', `device,tags\n${id(1)},x\n`, /line 1: the heading/],
    ['a column twice', `device,add,add\n${id(1)},x,y\n`, /line 1: the heading/],
    ['what is no id', `device,add\n${id(1)},x\nrack 4,x\n`, /line 3: device: «rack 4» is no id/],
    ['what is no tag', `device,add\n${id(1)},ok Lab!\n`, /line 2: add: «Lab!» is no tag/],
    ['what is no group', `device,group\n${id(1)},a b\n`, /line 2: group: «a b» is none/],
    [
      'more tags than a device has',
      `device,remove\n${id(1)},${Array.from({ length: 33 }, (_, i) => i).join(' ')}\n`,
      /more than 32 tags/,
    ],
    ['a field too many', `device,add\n${id(1)},x,y\n`, /line 2: it has 3 fields, the heading names 2/],
    ['a device twice', `device,add\n${id(1)},x\n${id(2)},x\n${id(1)},y\n`, /line 4: device: the same as in line 2/],
    ['a quote that is never closed', `device,add\n${id(1)},"x\n`, /Quote Not Closed/],
    ['a line without end', `device,add\n${id(1)},${'x '.repeat(20_000)}\n`, /Max Record Size/],
    ['bytes that are no text', Buffer.from([...Buffer.from(`device,add\n${id(1)},`), 0xff, 0xfe]), /is no tag/],
  ])('is refused for %s, with the line', async (_, text, message) => {
    const error: unknown = await batchesOf(text).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CliError);
    expect(error).toMatchObject({ code: 'csv-invalid', message: expect.stringMatching(message) });
  });
});
