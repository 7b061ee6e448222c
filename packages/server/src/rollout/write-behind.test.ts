import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openDatabase } from '../db/open-database.ts';
import type { Db } from '../deps.ts';
import { type DatabaseLink, openDatabaseLink } from '../testing/database-link.ts';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { seedDevices } from '../testing/seed.ts';
import { type Noted, type WriteBehind, writeBehind } from './write-behind.ts';

const DEVICES = 4;
const start = new Date('2026-01-01T00:00:00Z');
const log = pino({ level: 'silent' });
let base: FreshDatabase;
let link: DatabaseLink;
let db: Db;
let ids: string[];
let lost: string[];
let behind: WriteBehind;

beforeEach(async () => {
  base = await freshDatabase();
  ids = await seedDevices(base.db, DEVICES, start);
  link = await openDatabaseLink(base.url);
  db = openDatabase(link.url, log);
  lost = [];
  behind = writeBehind({ db, log }, id => void lost.push(id));
});
afterEach(async () => {
  await behind.close();
  await db.destroy();
  await link.close();
  await base.drop();
});

function seen(device: number, afterSeconds: number, more: { hardware?: string; boots?: string[] } = {}): Noted {
  const facts = { id: ids[device] ?? '', product: 'gw', channel: 'stable', hardware: more.hardware ?? 'gw-a' };
  return {
    facts: { ...facts, components: [], attributes: {}, canary: false },
    at: new Date(start.getTime() + afterSeconds * 1000),
    update: undefined,
    bootIds: more.boots ?? ['a'],
    bytes: 1000,
  };
}

async function stored(device: number) {
  return base.db
    .selectFrom('devices')
    .select(['hardware', 'last_seen_at', 'recent_boot_ids', 'clone_alarm_at'])
    .where('id', '=', ids[device] ?? '')
    .executeTakeFirstOrThrow();
}

it('writes by itself within about a second', async () => {
  behind.add(seen(0, 10));
  await vi.waitFor(async () => expect((await stored(0)).last_seen_at).toEqual(seen(0, 10).at), { timeout: 20_000 });
});

it('keeps what an outage of the database holds up, newest first, and writes it once the database is back', async () => {
  link.cut();
  behind.add(seen(0, 10, { hardware: 'old' }));
  behind.add(seen(1, 10));
  await behind.flush();
  behind.add(seen(0, 20, { hardware: 'new', boots: ['b'] }));
  await behind.flush();
  link.mend();
  await behind.flush();
  expect(await stored(0)).toMatchObject({ hardware: 'new', last_seen_at: seen(0, 20).at, recent_boot_ids: ['a', 'b'] });
  expect(await stored(1)).toMatchObject({ last_seen_at: seen(1, 10).at });
  expect(lost).toEqual([]);
});

it('raises no clone alarm where a batch is written again because the answer to it was lost', async () => {
  const restarted = seen(0, 10, { boots: ['a', 'b'] });
  for (const _ of [1, 2]) {
    behind.add(restarted);
    await behind.flush();
  }
  expect(await stored(0)).toMatchObject({ clone_alarm_at: null });
});

it('holds no more than its bound during an outage, and tells which devices must say it again', async () => {
  const small = writeBehind({ db, log }, id => void lost.push(id), 2500);
  link.cut();
  for (const device of [0, 1, 2, 3]) small.add(seen(device, 10));
  small.add(seen(0, 30));
  expect(lost).toEqual([ids[2], ids[3]]);
  await small.flush();
  link.mend();
  await small.close();
  expect((await stored(0)).last_seen_at).toEqual(seen(0, 30).at);
  expect((await stored(1)).last_seen_at).toEqual(seen(1, 10).at);
  expect((await stored(2)).last_seen_at).toEqual(start);
});

it('lets one device whose words cannot be stored keep no other out', async () => {
  for (const device of [0, 1, 3]) behind.add(seen(device, 10));
  behind.add(seen(2, 10, { hardware: 'a\0b' }));
  await behind.flush();
  expect(lost).toEqual([ids[2]]);
  for (const device of [0, 1, 3]) expect((await stored(device)).last_seen_at).toEqual(seen(device, 10).at);
});

it('lets what was said last stand where two processes heard a device, whichever writes last', async () => {
  behind.add(seen(0, 20, { hardware: 'new' }));
  await behind.flush();
  const other = writeBehind({ db, log }, () => undefined);
  other.add(seen(0, 10, { hardware: 'old' }));
  await other.close();
  expect(await stored(0)).toMatchObject({ hardware: 'new', last_seen_at: seen(0, 20).at });
});

it('believes a device again whose last sighting a wrong clock put into the future', async () => {
  const ahead = new Date(Date.now() + 86_400_000);
  await base.db.updateTable('devices').set({ last_seen_at: ahead }).execute();
  behind.add(seen(0, 10, { hardware: 'new' }));
  await behind.flush();
  expect(await stored(0)).toMatchObject({ hardware: 'new', last_seen_at: seen(0, 10).at });
});

it('writes what waits when the process ends, also where the database comes back only then', async () => {
  link.cut();
  behind.add(seen(0, 10));
  await behind.flush();
  const closed = behind.close();
  link.mend();
  await closed;
  expect((await stored(0)).last_seen_at).toEqual(seen(0, 10).at);
});
