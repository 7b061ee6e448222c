import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { seedDevices, seedId } from '../testing/seed.ts';
import { compileChoice, compileFilter } from './filter.ts';
import { choiceCondition, filterCondition } from './filter-sql.ts';
import type { Choice } from './filter-tree.ts';
import type { DeviceFacts } from './device-facts.ts';

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase();
  await seedDevices(database.db, 1, new Date());
});
afterAll(() => database.drop());

const now = new Date('2026-11-28T12:00:00Z');

const words = [
  '4',
  '10',
  '-3',
  '4.5',
  '004',
  'lab',
  'lab-2',
  'Köln 3',
  'r-17',
  '',
  '%',
  '_',
  "o'clock",
  '\\',
  '😀',
  '𝟜',
  '1e3',
  '٤',
];
const word = fc.oneof(fc.constantFrom(...words), fc.string({ unit: 'binary', maxLength: 8 }).filter(plain));

/** What a device can have at all: texts that PostgreSQL can hold. */
function plain(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

const version = fc.constantFrom('1.0.0', '1.2.0', '2.0.0');
const running = fc.record({
  component: fc.constantFrom('app', 'mcu'),
  version,
  counter: fc.constantFrom(1, 4, 10, 2 ** 48),
});
const attributes = fc.dictionary(fc.constantFrom('site', 'floor', 'rack'), word);
const device = fc.record({
  hardware: fc.constantFrom('gw-a', 'gw-b'),
  channel: fc.constantFrom('stable', 'beta'),
  components: fc.array(running, { maxLength: 3 }),
  attributes,
  canary: fc.boolean(),
  lastCheckIn: fc.option(fc.integer({ min: -10, max: 10 }).map(days => new Date(now.getTime() + days * 86_400_000))),
  group: fc.option(fc.constantFrom('lab', 'lab-2', '4')),
  tags: fc.uniqueArray(fc.constantFrom('lab', 'lab-2', 'r-17', '4'), { maxLength: 3 }),
});

const named = ['id', 'hardware', 'channel', 'version', 'counter', 'canary', 'group', 'site', 'floor', 'rack', 'owner'];
const fact = fc.constantFrom(...named, 'tag');
/** Tags have no order. */
const orderedFact = fc.constantFrom(...named);
const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const value = fc
  .oneof(word, version, fc.constantFrom('gw-a', 'stable', 'true', seedId('device 0')))
  .map(v => v.replaceAll('*', ''));
const pattern = fc
  .tuple(fc.boolean(), value, fc.boolean())
  .map(([open, core, close]) => quoted(`${open ? '*' : ''}${core}${close ? '*' : ''}`));
const number = fc.constantFrom('4', '-3', '4.50', '0', '281474976710656', '10');
const moment = fc.constantFrom('2026-11-28T12:00:00Z', '2026-11-25', '2099-01-01', '-P3D', '-P1W', '-PT0M', '-P1DT12H');
const comparison = fc.oneof(
  fc.tuple(fact, fc.constantFrom('==', '!='), pattern).map(parts => parts.join('')),
  fc.tuple(orderedFact, fc.constantFrom('<', '<=', '>', '>=', '=lt=', '=ge='), number).map(parts => parts.join('')),
  fc
    .tuple(fact, fc.constantFrom('=in=', '=out='), fc.array(value, { minLength: 1, maxLength: 3 }))
    .map(([name, operator, values]) => `${name}${operator}(${values.map(quoted).join(',')})`),
  fc.tuple(fc.constantFrom('<', '<=', '>', '>='), moment).map(([operator, text]) => `lastCheckIn${operator}${text}`),
);
const { filter } = fc.letrec<{ filter: string }>(tie => ({
  filter: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'filter' },
    comparison,
    fc.tuple(tie('filter'), fc.constantFrom(';', ','), tie('filter')).map(([a, joint, b]) => `(${a}${joint}${b})`),
  ),
}));

const found = (text: string, component: string) => finds({ filter: text, exclude: null }, component);

async function finds(choice: Choice, component: string): Promise<boolean> {
  const rows = await database.db
    .selectFrom('devices')
    .select('id')
    .where(choiceCondition(choice, { component, now }))
    .execute();
  return rows.length === 1;
}

async function become(known: Omit<DeviceFacts, 'id' | 'product'>): Promise<DeviceFacts> {
  await database.db
    .updateTable('devices')
    .set({
      hardware: known.hardware,
      channel: known.channel,
      components: JSON.stringify(known.components),
      attributes: JSON.stringify(known.attributes),
      canary: known.canary,
      tags: [...known.tags],
      last_seen_at: known.lastCheckIn,
      group_name: known.group,
    })
    .execute();
  return { ...known, id: seedId('device 0'), product: 'gw' };
}

it('finds in the database exactly the devices that pass in memory', async () => {
  const outcomes = new Set<boolean>();
  await fc.assert(
    fc.asyncProperty(device, fc.array(filter, { minLength: 5, maxLength: 5 }), async (known, filters) => {
      const facts = await become(known);
      for (const text of filters) {
        const passes = compileFilter(text)(facts, 'app', now);
        outcomes.add(passes);
        expect([text, await found(text, 'app')]).toEqual([text, passes]);
      }
    }),
    { numRuns: 300 },
  );
  expect(outcomes).toEqual(new Set([true, false]));
});

it('leaves out in the database exactly those that are left out in memory', async () => {
  const outcomes = new Set<boolean>();
  await fc.assert(
    fc.asyncProperty(device, fc.option(filter), filter, async (known, wanted, exclude) => {
      const facts = await become(known);
      const choice = { filter: wanted, exclude };
      const passes = compileChoice(choice)(facts, 'app', now);
      outcomes.add(passes);
      expect([choice, await finds(choice, 'app')]).toEqual([choice, passes]);
    }),
    { numRuns: 300 },
  );
  expect(outcomes).toEqual(new Set([true, false]));
});

it('takes no text of a filter for SQL', async () => {
  await become({
    hardware: 'gw-a',
    channel: 'stable',
    components: [],
    attributes: { site: "'; drop table devices; --" },
    canary: false,
    lastCheckIn: null,
    group: null,
    tags: [],
  });
  const text = `site=="'; drop table devices; --"`;
  expect(await found(text, 'app')).toBe(true);
  expect(await found(`site=="' or true --"`, 'app')).toBe(false);
  expect((await sql<{ n: number }>`select count(*)::int as n from devices`.execute(database.db)).rows[0]?.n).toBe(1);
});

it('finds no device by what the server does not know of it yet', async () => {
  await become({
    hardware: 'gw-a',
    channel: 'stable',
    components: [],
    attributes: {},
    canary: false,
    lastCheckIn: null,
    group: null,
    tags: [],
  });
  await database.db.updateTable('devices').set({ hardware: null }).execute();
  expect([await found('hardware==*', 'app'), await found('hardware!=gw-b', 'app')]).toEqual([false, false]);
});

it('asks whose version is meant', () => {
  expect(() => filterCondition('version==1.0.0', { component: undefined, now })).toThrow(/component=app/);
});

it.each(['site=="a\0b"', 'site=="\ud800"'])('refuses a character that no database and no device can hold', text => {
  expect(() => filterCondition(text, { component: 'app', now })).toThrow(/character/);
  expect(() => compileFilter(text)).toThrow(/character/);
});

it('survives the deepest nesting that a filter may have', async () => {
  const deep = `${'('.repeat(990)}id==*${')'.repeat(990)}`;
  expect(await found(deep, 'app')).toBe(true);
  expect(await found(Array(100).fill('id==*').join(';'), 'app')).toBe(true);
});
