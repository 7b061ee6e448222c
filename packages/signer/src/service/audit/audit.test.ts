import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { openAuditLog } from './audit-log.ts';
import { BEFORE_FIRST, follow, type Link, nextLine } from './chain.ts';
import { auditFile, headFile, verifyLog } from './verify-log.ts';

const now = () => new Date('2026-03-01T12:00:00Z');
const broken = (words: RegExp) =>
  expect.objectContaining({ code: 'audit-broken', message: expect.stringMatching(words) });
let dir: string;
let told: Link[];
const open = () => openAuditLog(dir, { now, hold: work => work(), told: (_event, link) => told.push(link) });

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-audit-'));
  told = [];
  const log = await open();
  await Promise.all([1, 2, 3, 4].map(n => log.append('signature-added', { n })));
});

const lines = async () => (await readFile(auditFile(dir), 'utf8')).trimEnd().split('\n');
const rewrite = (to: readonly string[]) => writeFile(auditFile(dir), `${to.join('\n')}\n`);

test('holds what was written, in its order, over restarts', async () => {
  await (await open()).append('published', { timestampVersion: 7 });
  expect(await verifyLog(dir)).toMatchObject({ seq: 5, hash: told.at(-1)?.hash });
  expect((await lines()).map(l => (JSON.parse(l) as { seq: number }).seq)).toEqual([1, 2, 3, 4, 5]);
});

test('tells of a line that was changed, the last one too', async () => {
  const before = await lines();
  await rewrite(before.map((l, i) => (i === 1 ? l.replace('"n":2', '"n":9') : l)));
  await expect(verifyLog(dir)).rejects.toEqual(broken(/line 3 is wrong: the line before it/));
  await rewrite(before.map((l, i) => (i === 3 ? l.replace('"n":4', '"n":9') : l)));
  await expect(verifyLog(dir)).rejects.toEqual(broken(/line 4 is not the one that was written/));
});

test('tells of a line that was taken out, at the front, in the middle and at the end', async () => {
  const before = await lines();
  await rewrite(before.slice(1));
  await expect(verifyLog(dir)).rejects.toEqual(broken(/line 1 is wrong: it is number 2 where 1 belongs/));
  await rewrite(before.toSpliced(2, 1));
  await expect(verifyLog(dir)).rejects.toEqual(broken(/line 3 is wrong: it is number 4/));
  await rewrite(before.slice(0, 3));
  await expect(verifyLog(dir)).rejects.toEqual(broken(/ends at line 3, but line 4 was written/));
  await rm(auditFile(dir));
  await expect(verifyLog(dir)).rejects.toEqual(broken(/ends at line 0, but line 4 was written/));
});

test('tells of lines that changed places, were doubled, or were added behind its back', async () => {
  const [a = '', b = '', c = '', d = ''] = await lines();
  await rewrite([a, c, b, d]);
  await expect(verifyLog(dir)).rejects.toEqual(broken(/line 2 is wrong/));
  await rewrite([a, b, b, c, d]);
  await expect(verifyLog(dir)).rejects.toEqual(broken(/line 3 is wrong/));
  let last = told.at(-1) ?? BEFORE_FIRST;
  const forged = ['published', 'published'].map(() => {
    const { text, link } = nextLine(last, { at: '2026-03-01T12:00:00Z', event: 'published', data: {} });
    last = link;
    return text;
  });
  await rewrite([a, b, c, d, ...forged]);
  await expect(verifyLog(dir)).rejects.toEqual(broken(/has 6 lines, but only 4 were noted/));
});

test('tells of a whole log forged anew by a line that is known from elsewhere', async () => {
  const anchor = told[1] ?? BEFORE_FIRST;
  await rm(auditFile(dir));
  await rm(headFile(dir));
  const forger = await open();
  for (let n = 0; n < 4; n++) await forger.append('signature-added', { n: 'forged' });
  expect(await verifyLog(dir)).toMatchObject({ seq: 4 });
  await expect(verifyLog(dir, [anchor])).rejects.toEqual(broken(/line 2 is not the one that was written/));
});

test('cuts off a line that a kill left unfinished, and says so; writes behind no forgery', async () => {
  await appendFile(auditFile(dir), '{"seq":5,"at":"20');
  expect(await verifyLog(dir)).toMatchObject({ seq: 4, tornBytes: 17 });
  await open();
  expect((await lines()).at(-1)).toMatch(/"event":"log-mended","data":\{"tornBytes":17\}/);
  expect(await verifyLog(dir)).toMatchObject({ seq: 5, tornBytes: 0 });
  await rewrite((await lines()).slice(1));
  await expect(open()).rejects.toEqual(broken(/line 1/));
});

test('takes up a line that came to the disk before the note of it', async () => {
  await writeFile(headFile(dir), JSON.stringify(told[2]));
  expect((await open()).head()).toEqual(told[3]);
});

test('follows whatever was written, and nothing that was changed in one character', () => {
  const datum = fc.dictionary(fc.string({ maxLength: 20 }), fc.oneof(fc.string(), fc.integer(), fc.boolean()));
  const entry = { at: '2026-03-01T12:00:00Z', event: 'refused' as const };
  fc.assert(
    fc.property(datum, datum, fc.nat(), (first, second, at) => {
      const one = nextLine(BEFORE_FIRST, { ...entry, data: first });
      const two = nextLine(one.link, { ...entry, data: second });
      expect(follow(BEFORE_FIRST, one.text)).toMatchObject({ ok: true, link: one.link });
      expect(follow(one.link, two.text)).toMatchObject({ ok: true });
      const place = at % one.text.length;
      const changed = `${one.text.slice(0, place)}${one.text[place] === 'x' ? 'y' : 'x'}${one.text.slice(place + 1)}`;
      const followed = follow(BEFORE_FIRST, changed);
      const after = followed.ok ? follow(followed.link, two.text) : followed;
      expect(after.ok).toBe(false);
    }),
  );
});
