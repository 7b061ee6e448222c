/**
 * A whole ceremony, 3 of 5, by real processes on separate folders: root version 1 to 4 with a lost key and a stolen one.
 * Each step is published to a real server; a device that was there from the beginning goes along, and one that knows
 * root 1 only finds its way at the end.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyDatabase } from '@tidegate/server/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { DAY_MS, deviceUnderAttack, type DeviceUnderAttack } from '../src/attacked-device.ts';
import { type OwnServer, startOwnServer } from '../src/own-server.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { makeTestClock } from '../src/victim.ts';
import { person, type Person } from './people.ts';

const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace'] as const;
type Name = (typeof NAMES)[number];

// Some hundred processes, one after the other.
vi.setConfig({ testTimeout: 400_000 });

let folder: Awaited<ReturnType<typeof tempFolder>>;
let people: Readonly<Record<Name, Person>>;
let desk: Person;
let own: OwnServer;
let device: DeviceUnderAttack;
const online = { snapshot: 'snap', timestamp: 'time' };

beforeAll(async () => {
  folder = await tempFolder('tidegate-ceremony');
  desk = await person(folder.path, 'desk');
  const all = await Promise.all(NAMES.map(async name => [name, await person(folder.path, name)] as const));
  people = Object.fromEntries(all) as typeof people;
  const everybody = [desk, ...Object.values(people)];
  for (const [owner, key, kind] of [
    ...all.map(([name, owner]) => [owner, name, 'person'] as const),
    ...(['snap', 'time', 'snap2', 'time2'] as const).map(key => [desk, key, 'online'] as const),
    [desk, 'ci', 'ci'] as const,
  ]) {
    const file = await owner.makesKey(key, kind);
    for (const other of everybody.filter(p => p !== owner)) await owner.gives(other, file);
  }
  const files = (await readdir(desk.dir)).filter(name => name.endsWith('.pub.json'));
  await Promise.all(everybody.map(p => p.does('key', 'import', ...files)));
}, 300_000);

afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
  await own?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

/** The payload goes out, each looks and signs in their own folder, and only the signature comes back. */
async function sign(role: string, names: readonly Name[]): Promise<void> {
  const payload = `${role}.payload.json`;
  await desk.does('payload', role, '--out', payload);
  for (const name of names) {
    const holder = people[name];
    await desk.gives(holder, payload);
    const out = `${role}.${name}.json`;
    await holder.does('sign', '--payload', payload, '--key', name, '--out', out);
    await holder.gives(desk, out);
    await desk.does('add-signature', role, out);
  }
}

async function publish(): Promise<void> {
  const keys = ['--snapshot-key', online.snapshot, '--timestamp-key', online.timestamp];
  const to = ['--to', own.server.adminUrl, '--token-file', 'token', '--read-back', own.server.deviceUrl];
  await desk.does('publish', ...keys, ...to);
}

async function rootOf(version: number) {
  const bytes = await readFile(join(desk.dir, 'repository', 'metadata', `${version}.root.json`));
  const { signed, signatures } = JSON.parse(bytes.toString()) as {
    signed: { roles: Record<'root' | 'targets', { keyids: string[]; threshold: number }> };
    signatures: { keyid: string }[];
  };
  return { bytes, signed, signatures };
}

async function idOf(name: string): Promise<string> {
  const known = JSON.parse(await desk.does('key', 'list', '--json')) as { name: string; keyid: string }[];
  return known.find(k => k.name === name)?.keyid ?? '';
}

function newDevice(root: Uint8Array): Promise<DeviceUnderAttack> {
  return deviceUnderAttack({
    root,
    product: 'gw2',
    channel: 'stable',
    sources: [own.server.deviceUrl],
    clock: makeTestClock(Date.now()),
    builtAtMs: Date.now() - DAY_MS,
  });
}

async function generationOf(which: DeviceUnderAttack): Promise<Record<string, number>> {
  await which.trust.refresh();
  const lists = Object.entries(await which.generation()).map(([file, text]): [string, number] => [
    file.replace('.json', ''),
    (JSON.parse(text) as { signed: { version: number } }).signed.version,
  ]);
  return Object.fromEntries(lists);
}

test('root 1: three of five sign it, each from what they see on their own machine', async () => {
  const five = NAMES.slice(0, 5).join();
  await desk.does(
    'init',
    '--root-key',
    five,
    '--root-threshold',
    '3',
    '--snapshot-key',
    'snap',
    '--timestamp-key',
    'time',
  );
  await desk.does('delegate', 'add', '--product', 'gw2', '--channel', 'stable', '--key', 'ci,alice');
  await desk.does('delegate', 'add', '--product', 'gw2', '--holds', '--key', 'bob,carol');
  await desk.does('payload', 'root', '--out', 'root.payload.json');
  await desk.gives(people.bob, 'root.payload.json');
  const shown = await people.bob.does('diff', '--payload', 'root.payload.json');
  expect(shown).toContain('root: 3 of 5 keys must sign');
  expect(shown).toMatch(/\+ root: key erin \(person, [0-9a-f]{8}\) may sign/);

  await sign('root', ['alice', 'bob']);
  expect(await desk.run('assemble', 'root')).toMatchObject({ code: 3 });
  const pending = await desk.run('status', '--pending');
  expect(pending.stdout).toContain('any 1 of: carol, dave, erin');
  await sign('root', ['carol']);
  await sign('targets', ['dave', 'erin']);
  await sign('p-gw2-stable', ['alice']);
  await sign('h-gw2', ['carol']);
  await desk.does('sign', 'p-gw2-stable', '--key', 'ci', '--allow-pending');
  await desk.does('assemble');

  const { bytes } = await rootOf(1);
  const database = await emptyDatabase();
  own = await startOwnServer({ databaseUrl: database.url, root: bytes });
  await writeFile(join(desk.dir, 'token'), own.adminToken, { mode: 0o600 });
  await publish();
  device = await newDevice(bytes);
  expect(await generationOf(device)).toMatchObject({ root: 1, targets: 1 });
});

test('root 2: new online keys', async () => {
  const request = ['rotate-online', '--snapshot-key', 'snap2', '--timestamp-key', 'time2'];
  const asked = await desk.run(...request);
  expect(asked).toMatchObject({ code: 2 });
  expect(asked.stdout).toContain('3 must sign by the keys of root 1');
  expect(await readdir(join(desk.dir, 'repository', 'staged'))).toEqual([]);
  await desk.does(...request, '--yes');
  await sign('root', ['carol', 'dave', 'erin']);
  await desk.does('assemble');
  Object.assign(online, { snapshot: 'snap2', timestamp: 'time2' });
  await publish();
  expect(await generationOf(device)).toMatchObject({ root: 2 });
});

test('root 3: Erin’s key is lost, and Frank takes her place by keys that stand in both roots', async () => {
  const plan = JSON.parse(await desk.does('revoke', 'erin', '--replace-with', 'frank', '--yes', '--json')) as {
    drafts: { role: string }[];
  };
  expect(plan.drafts.map(d => d.role)).toEqual(['root', 'targets']);
  // Frank counts under the new root only: with him and two others the old threshold is not met.
  await sign('root', ['frank', 'alice', 'bob']);
  expect(await desk.run('assemble', 'root')).toMatchObject({ code: 3 });
  await sign('root', ['dave']);
  await sign('targets', ['frank', 'dave']);
  await desk.does('assemble', 'root');
  await desk.does('assemble', 'targets');
  await publish();
  expect(await generationOf(device)).toMatchObject({ root: 3, targets: 2 });
  const { signed } = await rootOf(3);
  expect(signed.roles.root.keyids).not.toContain(await idOf('erin'));
});

test('root 4: Bob’s key is stolen, and is out of root, delegations and holds in one visit of each', async () => {
  const said = await desk.does('revoke', 'bob', '--replace-with', 'grace', '--yes');
  expect(said).toContain('whoever holds the key can hold releases back');
  await sign('root', ['alice', 'carol', 'dave']);
  await sign('targets', ['alice', 'frank']);
  await sign('h-gw2', ['grace']);
  await desk.does('assemble');
  await publish();
  expect(await generationOf(device)).toMatchObject({ root: 4, targets: 3, 'h-gw2': 2 });
  await desk.does('draft', 'h-gw2');
  await desk.does('payload', 'h-gw2', '--out', 'h-gw2.payload.json');
  await desk.gives(people.bob, 'h-gw2.payload.json');
  const theft = await people.bob.run(
    'sign',
    '--payload',
    'h-gw2.payload.json',
    '--key',
    'bob',
    '--out',
    'h-gw2.bob.json',
  );
  expect(theft).toMatchObject({ code: 8 });
  await desk.does('draft', 'h-gw2', '--drop');
});

test('a client that knows root 1 only walks to root 4, over the server', async () => {
  const { bytes } = await rootOf(1);
  await using late = await newDevice(bytes);
  expect(await generationOf(late)).toMatchObject({ root: 4, targets: 3, 'h-gw2': 2 });
  const seen = await desk.does('verify', own.server.deviceUrl, '--root', 'repository/metadata/1.root.json', '--json');
  expect(JSON.parse(seen)).toMatchObject({
    roles: expect.arrayContaining([expect.objectContaining({ role: 'root', version: 4 })]),
  });
});

test('no private key was ever anywhere but with its holder', async () => {
  for (const { name, dir } of Object.values(people)) {
    const keys = (await readdir(join(dir, 'keys'))).filter(file => !file.endsWith('.pub.json'));
    expect(keys).toEqual([`${name}.json`]);
  }
  const atDesk = (await readdir(join(desk.dir, 'keys'))).filter(file => !file.endsWith('.pub.json'));
  expect(atDesk.toSorted()).toEqual(['ci.json', 'snap.json', 'snap2.json', 'time.json', 'time2.json']);
});
