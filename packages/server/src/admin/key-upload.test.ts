import { createHash } from 'node:crypto';
import { LIMITS, type UploadReport } from '@tidegate/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Answer, type TestApp, testApp, testClaimTokens, testDeviceKey } from '../testing/test-app.ts';

let app: TestApp;
let operator: string;
beforeAll(async () => {
  app = await testApp();
  operator = await app.apiToken('operator');
  for (const name of ['gw2', 'cam1']) await app.admin('POST', '/products', { token: operator, body: { name } });
});
afterAll(() => app.close());

const key = () => testDeviceKey().publicKey;

function upload(csv: string | Buffer, token = operator): Promise<Answer> {
  return app.admin('POST', '/device-keys', {
    token,
    headers: { 'content-type': 'text/csv; charset=utf-8' },
    body: csv,
  });
}

async function report(csv: string | Buffer): Promise<UploadReport> {
  const answer = await upload(csv);
  expect(answer.status).toBe(200);
  return answer.json as UploadReport;
}

async function registered(product: string): Promise<unknown[]> {
  const answer = await app.admin('GET', `/device-keys?product=${product}&limit=1000`, { token: operator });
  return (answer.json as { items: unknown[] }).items;
}

it('takes what is right and lists the rest by line, field and reason', async () => {
  const [good, other] = [key(), key()];
  const before = (await registered('gw2')).length;
  const csv = [
    'product,publicKey,label',
    `gw2,${good},line 2`,
    `gw2,${good},line 3`,
    `cam1,${good},line 4`,
    `nothing,${key()},line 5`,
    `GW2,${key()},line 6`,
    'gw2,?,line 7',
    'gw2,,line 8',
    `gw2,${other.slice(0, -4)},line 9`,
    `gw2,${key()}`,
    `gw2,${key()},line,11`,
    `"gw2,${key()},line 12`,
    `gw2,${key()},li"ne 13`,
    '',
    `gw2,${key()},NUL \0`,
    `gw2,${key()},${'x'.repeat(101)}`,
    `gw2,${'A'.repeat(3000)},line 17`,
    `"gw2","${other}","the ""last"", line"`,
  ].join('\n');
  const { added, unchanged, refused } = await report(csv);
  expect({ added, unchanged }).toEqual({ added: 2, unchanged: 0 });
  expect(refused.map(r => [r.line, r.field])).toEqual([
    [3, 'publicKey'],
    [4, 'publicKey'],
    [5, 'product'],
    [6, 'product'],
    [7, 'publicKey'],
    [8, 'publicKey'],
    [9, 'publicKey'],
    [10, ''],
    [11, ''],
    [12, ''],
    [13, ''],
    [15, 'label'],
    [16, 'label'],
    [17, ''],
  ]);
  expect(refused[0]?.detail).toContain('line 2');
  expect(await registered('gw2')).toHaveLength(before + 2);
  const sha256 = createHash('sha256').update(Buffer.from(other, 'base64url')).digest('hex');
  expect(await registered('gw2')).toContainEqual({
    product: 'gw2',
    sha256,
    label: 'the "last", line',
    addedAt: expect.any(String),
    deviceId: null,
  });
});

it('changes nothing where the same comes again, and says so', async () => {
  const [one, two] = [key(), key()];
  const csv = `product,publicKey,label\ngw2,${one},a\ngw2,${two},\n`;
  expect(await report(csv)).toEqual({ added: 2, unchanged: 0, refused: [] });
  expect(await report(csv)).toEqual({ added: 0, unchanged: 2, refused: [] });
  expect(await report(`product,publicKey\ngw2,${one}\ngw2,${key()}`)).toEqual({ added: 1, unchanged: 1, refused: [] });
});

it('refuses a key that is known under another label, for another product, or as a device of another product', async () => {
  const [claimToken = ''] = await testClaimTokens(app, 1);
  const device = testDeviceKey();
  await app.device('POST', '/enrol', { body: device.enrolment(claimToken) });
  const known = key();
  await report(`product,publicKey,label\ngw2,${known},a`);
  const csv = `product,publicKey,label\ngw2,${known},b\ncam1,${device.publicKey},\n`;
  const { added, refused } = await report(csv);
  expect({ added, fields: refused.map(r => [r.line, r.field]) }).toEqual({
    added: 0,
    fields: [
      [2, 'label'],
      [3, 'publicKey'],
    ],
  });
  expect((await report(`product,publicKey\ncam1,${known}`)).refused).toEqual([
    { line: 2, field: 'publicKey', detail: expect.stringContaining('gw2') },
  ]);
});

it('reads what spreadsheets write: a byte order mark, CRLF, both alphabets of base64, columns in another order', async () => {
  const standard = Buffer.from(testDeviceKey('P-256').publicKey, 'base64url').toString('base64');
  const csv = `\uFEFFlabel,publicKey,product\r\nx,${standard},gw2\r\n\r\n"",${key()},"gw2"\r\n`;
  expect(await report(csv)).toEqual({ added: 2, unchanged: 0, refused: [] });
});

it('costs one line what is no UTF-8 in it', async () => {
  const csv = Buffer.concat([
    Buffer.from(`product,publicKey,label\ngw2,${key()},`),
    Buffer.from([0xff, 0xfe]),
    Buffer.from(`\ngw2,${key()},fine\n`),
  ]);
  expect(await report(csv)).toEqual({
    added: 1,
    unchanged: 0,
    refused: [{ line: 2, field: '', detail: 'it is not UTF-8' }],
  });
});

it('takes nothing at all under a heading that it does not know', async () => {
  const row = `gw2,${key()}`;
  for (const heading of [
    '',
    'product',
    'product,publickey',
    'product,publicKey,product',
    'product,publicKey,colour',
    '"a',
  ]) {
    expect(await upload(`${heading}\n${row}`)).toMatchObject({ status: 400, json: { code: 'invalid-input' } });
  }
  expect(await upload(Buffer.from(`product,publicKey\n${row}`, 'utf16le'))).toMatchObject({ status: 400 });
  expect((await report(`product,publicKey\n${row}`)).added).toBe(1);
});

it('is for operators, for CSV, and bounded in bytes and lines', async () => {
  expect(await upload('product,publicKey', await app.apiToken('viewer'))).toMatchObject({ status: 403 });
  const json = await app.admin('POST', '/device-keys', { token: operator, body: { product: 'gw2' } });
  expect(json).toMatchObject({ status: 415 });
  const tooManyLines = `product,publicKey\n${'\n'.repeat(LIMITS.csvLines + 1)}`;
  expect(await upload(tooManyLines)).toMatchObject({ status: 413, json: { code: 'body-too-large' } });
  const tooLong = Buffer.alloc(LIMITS.csvBytes + 1, 'x');
  expect(await upload(tooLong)).toMatchObject({ status: 413, json: { code: 'body-too-large' } });
});

it('lists by page, and tells which device has a key', async () => {
  const device = testDeviceKey();
  await report(`product,publicKey,label\ncam1,${device.publicKey},mine\n`);
  const { nonce } = (await app.device('GET', '/nonce')).json as { nonce: string };
  const enrolled = await app.device('POST', '/enrol-key', { body: device.keyEnrolment(nonce, 'cam1') });
  await report(`product,publicKey\ncam1,${key()}\ncam1,${key()}\n`);
  expect(await registered('cam1')).toContainEqual(
    expect.objectContaining({ label: 'mine', deviceId: (enrolled.json as { deviceId: string }).deviceId }),
  );
  const paged: unknown[] = [];
  for (let after = ''; ; ) {
    const answer = await app.admin('GET', `/device-keys?product=cam1&limit=1&after=${after}`, { token: operator });
    const { items, next } = answer.json as { items: unknown[]; next: string | null };
    paged.push(...items);
    if (next === null) break;
    after = next;
  }
  expect(paged).toEqual(await registered('cam1'));
});

it('answers devices while it works through a large upload', async () => {
  const [claimToken = ''] = await testClaimTokens(app, 1);
  const device = testDeviceKey();
  const { deviceId } = (await app.device('POST', '/enrol', { body: device.enrolment(claimToken) })).json as {
    deviceId: string;
  };
  const { nonce } = (await app.device('GET', '/nonce')).json as { nonce: string };
  const { accessToken } = (await app.device('POST', '/token', { body: device.assertion(deviceId, nonce) })).json as {
    accessToken: string;
  };
  const checkIn = {
    agentVersion: '1.0.0',
    hardware: 'gw2-a',
    channel: 'stable',
    bootId: 'a'.repeat(32),
    components: [],
  };
  // Ed25519 takes any 32 bytes for a key: so many real ones would take longer to make than to upload.
  const prefix = Buffer.from('302a300506032b6570032100', 'hex');
  const rows = Array.from(
    { length: LIMITS.csvLines },
    (_, i) => `gw2,${Buffer.concat([prefix, createHash('sha256').update(String(i)).digest()]).toString('base64')}`,
  );
  const progress = { isDone: false };
  const uploaded = report(`product,publicKey\n${rows.join('\n')}`).finally(() => {
    progress.isDone = true;
  });
  let answered = 0;
  while (!progress.isDone) {
    expect(await app.device('POST', '/check-in', { token: accessToken, body: checkIn })).toMatchObject({ status: 200 });
    answered += 1;
  }
  expect(await uploaded).toEqual({ added: rows.length, unchanged: 0, refused: [] });
  expect(answered).toBeGreaterThan(20);
});

it('takes a key back that no device has enrolled by, and no other', async () => {
  const device = testDeviceKey();
  const spare = key();
  await report(`product,publicKey\ngw2,${spare}\ngw2,${device.publicKey}`);
  const hashOf = (publicKey: string) => createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('hex');
  const remove = (publicKey: string) => app.admin('DELETE', `/device-keys/${hashOf(publicKey)}`, { token: operator });
  expect((await remove(spare)).status).toBe(204);
  expect(await remove(spare)).toMatchObject({ status: 404, json: { code: 'not-found' } });
  const { nonce } = (await app.device('GET', '/nonce')).json as { nonce: string };
  expect((await app.device('POST', '/enrol-key', { body: device.keyEnrolment(nonce) })).status).toBe(200);
  expect(await remove(device.publicKey)).toMatchObject({ status: 409, json: { code: 'conflict' } });
});
