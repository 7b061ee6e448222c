/**
 * Faults under load: three server processes on one PostgreSQL and one Redis, a fleet that asks any of them, and a ledger
 * outside that knows what was acknowledged. After each fault nothing acknowledged is lost, nothing is counted twice, no
 * device was offered past a stop, and each gate acted once.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../simulation/seeded-random.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { chaosPlan } from './plan.ts';
import { amid, type Fleet, startFleet } from './run.ts';
import { openSite, type Place, type Site } from './site.ts';

const plan = chaosPlan(process.env);
const random = seededRandom(plan.seed);
const closing = new AsyncDisposableStack();
let site: Site;
let fleet: Fleet;
let counter = 1;

beforeAll(async () => {
  const { path } = closing.use(await tempFolder('tidegate-chaos'));
  site = await openSite(path, closing);
  fleet = closing.use(await startFleet(site, plan.devices, random));
});

afterAll(async () => {
  const { answered, reports, offers, troubles } = fleet.ledger;
  const acknowledged = [...reports.values()].filter(r => r.acknowledged).length;
  process.stdout.write(
    `seed ${plan.seed}: ${answered.checkIns} check-ins, ${offers.length} offers, ${acknowledged} reports acknowledged; ` +
      `slowest answer ${Math.round(answered.slowestMs)} ms; refused or broken: ${JSON.stringify(Object.fromEntries(troubles))}\n`,
  );
  await closing.disposeAsync();
});

/** Again and again until the fault has had its share of the time. */
async function again(fault: Parameters<typeof amid>[3]): Promise<void> {
  const end = performance.now() + plan.secondsEach * 1000;
  do expect(await amid(site, fleet, ++counter, fault)).toEqual([]);
  while (performance.now() < end);
}

const somePlace = (): Place => {
  const place = site.places[Math.floor(random() * site.places.length)];
  if (!place) throw new Error('no place');
  return place;
};
const aWhile = () => wait(500 + random() * 1500);

test('a server that is killed loses nothing that it acknowledged, and others serve its devices', () =>
  again(async () => {
    const place = somePlace();
    const { server } = place;
    place.server = undefined;
    await server?.child.kill();
    await aWhile();
    await site.startServer(place);
  }));

test('PostgreSQL is restarted in good order', () =>
  again(async () => {
    await site.postgres.stop();
    await aWhile();
    await site.postgres.start();
  }));

test('PostgreSQL is killed, with every connection, and recovers', () =>
  again(async () => {
    await site.postgres.kill();
    await aWhile();
    await site.postgres.start();
  }));

test('Redis is killed, and comes back empty', () =>
  again(async () => {
    await site.redis.kill();
    await aWhile();
    await site.redis.start();
  }));
