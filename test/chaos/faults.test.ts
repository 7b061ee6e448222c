/**
 * Faults under load: three server processes on one PostgreSQL and one Redis, a fleet that asks any of them, and a ledger
 * outside that knows what was acknowledged. After each fault nothing acknowledged is lost, nothing is counted twice, no
 * device was offered past a stop, and each gate acted once.
 */
import { randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_API, type Problem, type PublicationAnswer } from '@tidegate/protocol';
import { ask, enrolDevice, nonce } from '../server/enrolled-device.ts';
import { seededRandom } from '../simulation/seeded-random.ts';
import { sha256 } from '../src/repo-sim.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { STOP_MS } from './check.ts';
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

test('a process cut off from PostgreSQL stops offering within a second, and answers its devices all the same', () =>
  again(async () => {
    const { link, server } = somePlace();
    const url = server?.deviceUrl ?? '';
    const before = fleet.ledger.answeredBy.get(url) ?? 0;
    link.stall();
    const cutAt = performance.now();
    await wait(4 * STOP_MS);
    const late = fleet.ledger.offers.filter(o => o.server === url && o.askedAt > cutAt + STOP_MS);
    link.mend();
    expect(late).toEqual([]);
    expect(fleet.ledger.answeredBy.get(url) ?? 0).toBeGreaterThan(before);
  }));

test('a slow database lets check-ins be answered, and nothing pile up', () =>
  again(async () => {
    const before = fleet.ledger.answered.checkIns;
    const memory = await Promise.all(site.servers().map(s => residentMegabytes(s.child.pid)));
    for (const { link } of site.places) link.delay(300);
    await wait(5000);
    const after = await Promise.all(site.servers().map(s => residentMegabytes(s.child.pid)));
    for (const { link } of site.places) link.mend();
    expect(fleet.ledger.answered.checkIns).toBeGreaterThan(before);
    for (const [i, megabytes] of after.entries()) expect(megabytes - (memory[i] ?? 0)).toBeLessThan(150);
  }));

test('a full disk under the artifacts refuses an artifact with 507, and keeps no device waiting', () =>
  again(async () => {
    const folder = join(site.data, 'artifacts');
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]).status).toBe(0);
    try {
      await mkdir(join(folder, 'incoming'));
      const before = fleet.ledger.answered.checkIns;
      const refused = await publish(Buffer.alloc(4 * 1024 * 1024, 'x'));
      expect(refused.status).toBe(507);
      expect(((await refused.json()) as Problem).code).toBe('disk-full');
      // Nothing is left of it: what fits is taken.
      expect((await publish(Buffer.from(`small ${random()}`))).status).toBe(204);
      await wait(1000);
      expect(fleet.ledger.answered.checkIns).toBeGreaterThan(before);
    } finally {
      spawnSync('umount', ['-l', folder]);
    }
  }));

test('a process whose clock is ten minutes ahead goes by the time of the others', () =>
  again(async () => {
    const place = somePlace();
    const { server } = place;
    place.server = undefined;
    await server?.child.stop();
    const ahead = await site.startServer(place, fileURLToPath(new URL('ahead.ts', import.meta.url)));
    const other = site.servers().find(s => s !== ahead) ?? ahead;
    const device = await enrolDevice({ server: ahead, admin: ahead.admin }, 'sensor');
    const theirs = device.key.assertion(device.deviceId, await nonce({ server: ahead, admin: ahead.admin }));
    expect((await ask({ server: other, admin: other.admin }, 'POST', '/token', theirs)).status).toBe(200);
    await aWhile();
  }));

async function publish(bytes: Buffer): Promise<Response> {
  const [server] = site.servers();
  if (!server) throw new Error('no server runs');
  const idempotencyKey = randomBytes(16).toString('hex');
  const { id } = await server.admin.post<PublicationAnswer>('/publications', { idempotencyKey });
  return fetch(`${server.adminUrl}${ADMIN_API}/publications/${id}/artifacts/${sha256(bytes)}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${server.adminToken}`, 'content-type': 'application/octet-stream' },
    body: new Uint8Array(bytes),
  });
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
}
