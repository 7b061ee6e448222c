/** An operator's day with `tidegate`: the real CLI against a real server. */
import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import type {
  CertificateAuthorityView,
  DeviceEvent,
  DeviceKeyView,
  DeviceView,
  ProductView,
  ReleaseView,
  RolloutView,
  StatusView,
} from '@tidegate/protocol';
import { testAuthority, testDeviceKey } from '@tidegate/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, enrolDevice } from '../server/enrolled-device.ts';
import { checkIn, checkInSeen, report } from './device-talk.ts';
import { machine, type Office, openOffice } from './office.ts';

let office: Office;
beforeAll(async () => {
  office = await openOffice();
});
afterAll(() => office[Symbol.asyncDispose]());

interface List<T> {
  readonly items: readonly T[];
}

test('adds products and lists them', async () => {
  const added = await office.desk.run(['product', 'add', 'cam1', '--title', 'Camera 1']);
  expect(added).toMatchObject({ code: 0, stdout: 'Added the product cam1.\n', stderr: '' });
  const { items } = await office.desk.json<List<ProductView>>(['product', 'list']);
  expect(items.map(p => p.title)).toEqual(['Camera 1', 'gw2']);
  const again = await office.desk.run(['product', 'add', 'cam1']);
  expect(again).toMatchObject({ code: 3, stdout: '' });
  expect(again.stderr).toBe('tidegate: Cam1 exists already (at name). [conflict]\n');
});

test('makes claim tokens in more than one batch, for nobody else to read, and a device enrols with the last', async () => {
  const out = office.desk.file('claims.csv');
  const words = ['token', 'create', '--product', 'gw2', '--count', '10001', '--out', out, '--expires', '90d'];
  expect(await office.desk.json(words)).toMatchObject({ product: 'gw2', count: 10_001, file: out });
  expect((await stat(out)).mode & 0o777).toBe(0o600);
  const lines = (await readFile(out, 'utf8')).trimEnd().split('\n');
  expect([lines.length, lines[0]]).toEqual([10_002, 'product,claimToken,expiresAt']);
  const [product, token = '', expiresAt = ''] = lines.at(-1)?.split(',') ?? [];
  expect(product).toBe('gw2');
  expect(Math.round((Date.parse(expiresAt) - Date.now()) / 86_400_000)).toBe(90);
  const answer = await ask(office.asked, 'POST', '/enrol', testDeviceKey().enrolment(token));
  expect(answer.status).toBe(200);
});

test('finds devices, shows one with its history, and revokes it only when that is confirmed', async () => {
  const device = await enrolDevice(office.asked, 'gw2');
  await checkInSeen(office.asked, device, { site: 'north' });
  const list = await office.desk.run(['device', 'list', '--product', 'gw2', '--filter', 'site==north']);
  expect(list).toMatchObject({ code: 0, stderr: '' });
  expect(list.stdout).toMatch(new RegExp(`^ID .*\\n${device.deviceId} +gw2 +gw2-a +stable +app 1\\.0\\.0 `));

  const asked = await office.desk.run(['device', 'revoke', device.deviceId]);
  expect(asked).toMatchObject({ code: 2, stdout: '' });
  expect(asked.stderr).toContain('--yes');
  const revoked = await office.desk.json<DeviceView>(['device', 'revoke', device.deviceId, '--yes']);
  expect(revoked.revokedAt).not.toBeNull();
  const words = ['device', 'list', '--revoked', '--seen-after', '1h'];
  expect((await office.desk.json<List<DeviceView>>(words)).items.map(d => d.id)).toEqual([device.deviceId]);

  const shown = await office.desk.json<{ device: DeviceView; history: DeviceEvent[] }>([
    'device',
    'show',
    device.deviceId,
  ]);
  expect(shown.device.attributes).toEqual({ site: 'north' });
  expect(shown.history.map(e => e.kind)).toEqual(['revoked', 'enrolled']);
  const people = await office.desk.run(['device', 'show', device.deviceId]);
  expect(people.stdout).toMatch(/attribute site = north\n[^]*REVOKED/);
});

test('pages through the whole fleet, or as far as the limit', async () => {
  for (const n of [1, 2, 3]) await checkIn(office.asked, await enrolDevice(office.asked, 'cam1'), { n: String(n) });
  const all = await office.desk.json<List<DeviceView>>(['device', 'list', '--product', 'cam1']);
  const some = await office.desk.json<List<DeviceView>>(['device', 'list', '--product', 'cam1', '--limit', '2']);
  expect([all.items.length, some.items.length]).toEqual([3, 2]);
  expect(await office.desk.json(['device', 'list', '--hardware', 'none'])).toEqual({ items: [] });
  const csv = await office.desk.run(['device', 'list', '--product', 'cam1', '--csv']);
  expect(csv.stdout.trimEnd().split('\n').length).toBe(4);
});

test('groups devices by tags, and asks before it touches more than those named', async () => {
  const { deviceId } = await enrolDevice(office.asked, 'gw2');
  const named = await office.desk.json(['device', 'tag', '--add', 'lab,floor-2', '--device', deviceId]);
  expect(named).toEqual({ matched: 1, changed: 1, full: 0 });
  const swap = ['device', 'tag', '--add', 'shop', '--remove', 'lab', '--product', 'gw2', '--filter', 'tag==lab'];
  expect(await office.desk.run(swap)).toMatchObject({ code: 2, stdout: '' });
  expect((await office.desk.run([...swap, '--yes'])).stdout).toBe('1 of 1 device changed.\n');
  expect((await office.desk.run(['device', 'show', deviceId])).stdout).toContain('tags      floor-2, shop');
});

test('tags and groups devices by a table, all of a batch or none, and again without harm', async () => {
  const devices = [await enrolDevice(office.asked, 'gw2'), await enrolDevice(office.asked, 'gw2')].map(d => d.deviceId);
  const [first = '', second = ''] = devices;
  const file = office.desk.file('tags.csv');
  await writeFile(file, `device,add,group\n${first},north floor-1,pilot\n${'0'.repeat(32)},north,\n`);
  const refused = await office.desk.run(['device', 'tag', '--csv', file]);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toContain('tags.csv, line 3, device: There is no such device. Nothing was changed.');
  expect((await office.desk.run(['device', 'list', '--filter', 'tag==north'])).stdout).toContain('No device fits.');

  await writeFile(file, `device,add,group\n${first},north floor-1,pilot\n${second},north,\n`);
  const words = ['device', 'tag', '--csv', file];
  expect(await office.desk.json(words)).toEqual({ devices: 2, changed: 2 });
  expect(await office.desk.run(words)).toMatchObject({ code: 0, stdout: '0 of 2 devices changed.\n' });
  const { items } = await office.desk.json<List<DeviceView>>(['device', 'list', '--filter', 'group==pilot']);
  expect(items).toMatchObject([{ id: first, tags: ['floor-1', 'north'], group: 'pilot' }]);
  expect(await office.desk.run([...words, '--add', 'x'])).toMatchObject({ code: 2 });
  const out = ['device', 'tag', '--no-group', '--device', first];
  expect((await office.desk.run(out)).stdout).toBe('1 of 1 device changed.\n');
});

test('lets nothing that a device says reach the terminal as a command, or a spreadsheet as a formula', async () => {
  const device = await enrolDevice(office.asked, 'gw2');
  const evil = { site: '\u001b[2J\u009b31m\u202e', calc: '=cmd()' };
  await checkInSeen(office.asked, device, evil);
  const one = ['--filter', 'calc=="=cmd()"'];
  for (const words of [
    ['device', 'show', device.deviceId],
    ['device', 'show', device.deviceId, '--json'],
    ['device', 'list', ...one],
    ['device', 'list', ...one, '--json'],
    ['device', 'list', ...one, '--csv'],
  ]) {
    const { code, stdout } = await office.desk.run(words);
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
    expect(stdout).toContain(device.deviceId);
  }
  const { device: kept } = await office.desk.json<{ device: DeviceView }>(['device', 'show', device.deviceId]);
  expect(kept.attributes).toEqual(evil);
});

test('shows releases, and what a rollout would do before it does it', async () => {
  const { items } = await office.desk.json<List<ReleaseView>>(['release', 'list', '--product', 'gw2']);
  expect(items.map(r => r.target)).toEqual([office.target]);
  await checkInSeen(office.asked, await enrolDevice(office.asked, 'gw2'), { site: 'dry' });
  const words = ['rollout', 'create', office.target, '--filter', 'site==dry', '--phases', '50%,100%', '--soak', '2d'];
  const dry = await office.desk.run([...words, '--dry-run']);
  expect(dry).toMatchObject({ code: 0, stderr: '' });
  expect(dry.stdout).toContain('devices   1 today');
  expect(dry.stdout).toContain('50 % (about 1), then 100 % (about 1)');
  expect(dry.stdout).toContain('after 48 h');
  const hasty = await office.desk.run([...words.slice(0, -1), '2h', '--yes']);
  expect(hasty).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('[soak-too-short]') as string });
  expect(await office.desk.run(words)).toMatchObject({ code: 2, stdout: '' });
  expect((await office.desk.json<List<RolloutView>>(['rollout', 'list'])).items).toEqual([]);
});

test('brings a rollout on its way: created, paused, resumed, stopped, retried, each shown', async () => {
  const device = await enrolDevice(office.asked, 'gw2');
  const salt = '0123456789abcdef0123456789abcdef';
  const gate = ['--soak', '0s', '--success', '99%', '--max-failures', '7', '--min-verified', '3'];
  const words = ['rollout', 'create', office.target, '--name', 'spring', '--salt', salt, '--phases', '100%', ...gate];
  const rollout = await office.desk.json<RolloutView>([...words, '--yes']);
  expect(rollout).toMatchObject({ name: 'spring', salt, state: 'running', phases: [{ basisPoints: 10_000 }] });
  expect(rollout.gate).toMatchObject({ soakSeconds: 0, successShare: 9900, maxFailures: 7, minVerified: 3 });
  const twice = await office.desk.run([...words, '--yes']);
  expect(twice).toMatchObject({ code: 3, stdout: '' });
  expect(twice.stderr).toContain('[rollout-conflict]');
  const dry = await office.desk.run([...words, '--dry-run']);
  expect(dry.stdout).toContain(`conflict  ${rollout.id} spring (running)`);

  expect((await checkIn(office.asked, device)).offer).toMatchObject({ rolloutId: rollout.id });
  await report(office.asked, device, rollout.id, { state: 'failed', code: 'disk-full' });
  for (const [act, state] of [
    ['pause', 'paused'],
    ['resume', 'running'],
    ['stop', 'stopped'],
  ] as const) {
    const acted = await office.desk.run(['rollout', act, rollout.id]);
    expect(acted).toMatchObject({ code: 0, stdout: `spring is ${state}, phase 1 of 1 (100 %).\n` });
  }
  const named = await office.desk.run(['rollout', 'show', 'spring']);
  expect(named.stdout).toContain(rollout.id);
  expect(await office.desk.run(['rollout', 'show', 'autumn'])).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('[rollout-unknown]') as string,
  });
  const paused = await office.desk.run(['rollout', 'pause', rollout.id]);
  expect(paused).toMatchObject({ code: 3, stdout: '' });
  expect(paused.stderr).toContain('[rollout-state]');
  const retried = await office.desk.run(['rollout', 'retry', rollout.id]);
  expect(retried.stdout).toBe('1 device gets another attempt; spring is running.\n');
  const shown = await office.desk.run(['rollout', 'show', rollout.id]);
  expect(shown.stdout).toMatch(/phase 1: stopped by first admin\n.*phase 1: retried by first admin\n/);
  await office.desk.run(['rollout', 'stop', rollout.id]);

  const namesake = await office.desk.json<RolloutView>([...words, '--yes']);
  const unclear = await office.desk.run(['rollout', 'stop', 'spring']);
  expect(unclear).toMatchObject({ code: 3, stdout: '' });
  expect(unclear.stderr).toContain(`give an id, newest first: ${namesake.id}, ${rollout.id} [rollout-ambiguous]`);
  await office.desk.run(['rollout', 'stop', namesake.id]);
});

test('sets what holds for every rollout of a product, and another person approves one', async () => {
  const words = ['product', 'policy', 'gw2', '--approval', 'start', '--soak', '2d', '--per-minute', '10'];
  const set = await office.desk.run(words);
  expect(set.stdout).toContain('approval  another person approves before a rollout begins\n');
  expect(set.stdout).toContain('at most 10 devices a minute');
  expect(
    await office.desk.run(['product', 'policy', 'gw2', '--success', '99%', '--allowed-failures', '5%']),
  ).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('[gate-impossible]') as string,
  });
  const create = [
    'rollout',
    'create',
    office.target,
    '--name',
    'asked',
    '--phases',
    '1dev,100%',
    '--soak',
    '1h',
    '--silence',
    '1h',
    '--yes',
  ];
  const made = await office.desk.json<RolloutView>(create);
  expect(made).toMatchObject({
    state: 'awaiting-approval',
    gate: { soakSeconds: 3600 },
    pace: { devicesPerMinute: 10 },
  });
  expect(await office.desk.run(['rollout', 'approve', 'asked', '--yes'])).toMatchObject({ code: 6, stdout: '' });
  await office.desk.json(['api-token', 'create', '--name', 'rita', '--role', 'releaser', '--out', 'rita.token']);
  const rita = ['--token-file', office.desk.file('rita.token')];
  const approved = await office.desk.run(['rollout', 'approve', 'asked', '--reason', 'seen', '--yes', ...rita]);
  expect(approved.stdout).toBe('asked is running, phase 1 of 2 (1 device).\n');
  const nothing = await office.desk.run(['rollout', 'deny', 'asked', '--yes', ...rita]);
  expect(nothing).toMatchObject({ code: 3, stderr: expect.stringContaining('[rollout-state]') as string });
  await office.desk.run(['rollout', 'stop', 'asked']);
  const denied = await office.desk.json<RolloutView>([...create, '--approval', '2']);
  await office.desk.run(['rollout', 'deny', denied.id, '--yes', ...rita]);
  const watched = await office.desk.run(['rollout', 'watch', denied.id]);
  expect(watched).toMatchObject({ code: 4, stderr: expect.stringContaining('by rita') as string });
  await office.desk.run(['product', 'policy', 'gw2', '--reset']);
});

test('opens the next phase by hand, once that is confirmed, with the reason in the history', async () => {
  const words = ['rollout', 'create', office.target, '--name', 'steps', '--phases', '1dev,100%', '--yes'];
  await office.desk.json<RolloutView>(words);
  const advance = ['rollout', 'advance', 'steps', '--reason', 'a quiet weekend'];
  expect(await office.desk.run(advance)).toMatchObject({ code: 2, stdout: '' });
  const opened = await office.desk.run([...advance, '--yes']);
  expect(opened).toMatchObject({ code: 0, stdout: 'steps is running, phase 2 of 2 (100 %).\n' });
  const shown = await office.desk.run(['rollout', 'show', 'steps']);
  expect(shown.stdout).toContain('phase 1: next phase opened by first admin: a quiet weekend\n');
  const last = await office.desk.run([...advance, '--yes']);
  expect(last).toMatchObject({ code: 3, stderr: expect.stringContaining('[rollout-state]') as string });
  await office.desk.run(['rollout', 'stop', 'steps']);
});

test('shows the server at a glance', async () => {
  const status = await office.desk.json<StatusView>(['status']);
  expect(status).toMatchObject({ releases: 1, queue: { reachable: true } });
  const people = await office.desk.run(['status']);
  expect(people.stdout).toContain(`devices   ${status.devices.known} known`);
  expect(people.stdout).toMatch(/ROLE +VERSION +EXPIRES +LEFT\n(.*\n)*timestamp +\d+ +\d{4}-/);
});

test('registers device keys from CSV, tells each line that was refused, and exits with 2 for it', async () => {
  const [good, other] = [testDeviceKey().publicKey, testDeviceKey().publicKey];
  const file = office.desk.file('keys.csv');
  const text = (lines: readonly string[]) => writeFile(file, ['product,publicKey,label', ...lines, ''].join('\n'));
  await text([`gw2,${good},first`, 'gw2,not-a-key,second', `nobody,${other},third`]);
  const mixed = await office.desk.run(['key', 'upload', file]);
  expect(mixed).toMatchObject({ code: 2, stderr: expect.stringContaining('[partly-refused]') as string });
  expect(mixed.stdout).toMatch(
    /^LINE .*\n3 +publicKey .*\n4 +product .*\n1 added, 0 were there already, 2 refused\.\n$/,
  );
  await text([`gw2,${good},first`]);
  expect(await office.desk.json(['key', 'upload', file])).toEqual({ added: 0, unchanged: 1, refused: [] });
  const { items } = await office.desk.json<List<DeviceKeyView>>(['key', 'list', '--product', 'gw2']);
  expect(items).toMatchObject([{ label: 'first', deviceId: null }]);
  const remove = ['key', 'remove', items[0]?.sha256 ?? '', '--yes'];
  expect(await office.desk.run(remove)).toMatchObject({ code: 0, stdout: `Removed the key ${items[0]?.sha256}.\n` });
  expect(await office.desk.run(remove)).toMatchObject({ code: 3, stdout: '' });
});

test('adds a certificate authority, lists it, and removes it only when that is confirmed', async () => {
  const file = office.desk.file('ca.pem');
  await writeFile(file, testAuthority('Maker CA').pem);
  const words = ['ca', 'add', '--product', 'gw2', '--certificate', file];
  const { sha256 } = await office.desk.json<CertificateAuthorityView>(words);
  const list = await office.desk.run(['ca', 'list', '--product', 'gw2']);
  expect(list.stdout).toContain('CN=Maker CA');
  expect(await office.desk.run(['ca', 'remove', 'gw2', sha256])).toMatchObject({ code: 2 });
  expect(await office.desk.run(['ca', 'remove', 'gw2', sha256, '--yes'])).toMatchObject({ code: 0, stderr: '' });
  expect(await office.desk.run(['ca', 'remove', 'gw2', sha256, '--yes'])).toMatchObject({ code: 3 });
  await writeFile(file, 'no certificate');
  const wrong = await office.desk.run(words);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('(at certificate)') as string });
});

test('finds an alarm, says what it means, and clears it', async () => {
  const device = await enrolDevice(office.asked, 'gw2');
  const thief = await ask(office.asked, 'POST', '/enrol', testDeviceKey().enrolment(device.claimToken));
  expect(thief.status).toBe(409);
  const alarmed = await office.desk.run(['device', 'list', '--alarm', 'claim-token-used']);
  expect(alarmed.stdout).toMatch(new RegExp(`${device.deviceId} .* ALARM claim-token-used\\n`));
  const shown = await office.desk.run(['device', 'show', device.deviceId]);
  expect(shown.stdout).toContain('find out where that token was seen');
  const words = ['device', 'clear-alarm', device.deviceId, 'claim-token-used'];
  expect(await office.desk.json<DeviceView>(words)).toMatchObject({ id: device.deviceId, alarms: [] });
  expect(await office.desk.run(words)).toMatchObject({ code: 3 });
});

test('gives an API token its role and no more, into a file or to a program', async () => {
  const out = office.desk.file('viewer.token');
  const made = await office.desk.run(['api-token', 'create', '--name', 'v', '--role', 'viewer', '--out', out]);
  const token = (await readFile(out, 'utf8')).trim();
  expect(made).toMatchObject({ code: 0, stderr: '' });
  expect(made.stdout).not.toContain(token);
  expect((await stat(out)).mode & 0o777).toBe(0o600);
  const viewer = { TIDEGATE_TOKEN_FILE: out };
  expect(await office.desk.run(['product', 'list'], viewer)).toMatchObject({ code: 0 });
  const refused = await office.desk.run(['product', 'add', 'x', '--json'], viewer);
  expect(refused).toMatchObject({ code: 6, stdout: '' });
  expect(JSON.parse(refused.stderr)).toMatchObject({ error: { code: 'forbidden', exitCode: 6 } });

  const printed = await office.desk.run(['api-token', 'create', '--name', 'p', '--role', 'viewer', '--print']);
  const byVariable = { TIDEGATE_TOKEN_FILE: '', TIDEGATE_TOKEN: printed.stdout.trim() };
  expect(await office.desk.run(['product', 'list'], byVariable)).toMatchObject({ code: 0 });
});

test('lists tokens without their secrets, and lets a revoked one in no more', async () => {
  const out = office.desk.file('lost.token');
  const create = ['api-token', 'create', '--name', 'lost', '--role', 'viewer', '--out', out];
  const { id } = await office.desk.json<{ id: string }>(create);
  const viewer = { TIDEGATE_TOKEN_FILE: out };
  expect(await office.desk.run(['product', 'list'], viewer)).toMatchObject({ code: 0 });
  expect(await office.desk.run(['api-token', 'revoke', id])).toMatchObject({ code: 2, stdout: '' });
  const revoked = await office.desk.run(['api-token', 'revoke', id, '--yes']);
  expect(revoked).toMatchObject({ code: 0, stdout: 'The token of lost (viewer) is revoked.\n' });
  expect(await office.desk.run(['product', 'list'], viewer)).toMatchObject({ code: 6 });
  const { stdout } = await office.desk.run(['api-token', 'list']);
  expect(stdout).toMatch(new RegExp(`^${id} +lost +viewer`, 'm'));
  expect(stdout).not.toContain((await readFile(out, 'utf8')).trim());
});

test('remembers by login where the token lies, for its own server alone, and never the token', async () => {
  const fresh = await machine(office.desk.file('fresh'));
  expect(await fresh.run(['product', 'list'])).toMatchObject({ code: 6, stdout: '' });
  const tokenFile = `${office.folder}/server/admin-token`;
  const login = ['login', '--server', office.server.adminUrl, '--token-file', tokenFile];
  const { config } = await fresh.json<{ config: string }>(login);
  expect((await stat(config)).mode & 0o777).toBe(0o600);
  const kept = await readFile(config, 'utf8');
  expect(kept).toContain(tokenFile);
  expect(kept).not.toContain(office.server.adminToken);
  expect(await fresh.run(['product', 'list'])).toMatchObject({ code: 0 });
  const elsewhere = await fresh.run(['product', 'list', '--server', 'https://other.invalid']);
  expect(elsewhere).toMatchObject({ code: 6, stdout: '' });
  expect(elsewhere.stderr).toContain('[token-missing]');
});

test('finds the token of a server that was started in the same folder', async () => {
  const beside = await machine(office.desk.file('beside'), { TIDEGATE_SERVER: office.server.adminUrl });
  await mkdir(beside.file('tidegate-data'));
  await copyFile(`${office.folder}/server/admin-token`, beside.file('tidegate-data/admin-token'));
  expect(await beside.run(['release', 'list'])).toMatchObject({ code: 0 });
});
