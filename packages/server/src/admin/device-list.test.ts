import type { DeviceEvent, DeviceView } from '@tidegate/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seedDevices, seedId, seedRelease, seedRollout } from '../testing/seed.ts';
import { type TestApp, testApp } from '../testing/test-app.ts';

let app: TestApp;
let token: string;
let ids: string[];
const seenAt = new Date('2026-03-01T12:00:00Z');

beforeAll(async () => {
  app = await testApp();
  token = await app.apiToken('viewer');
  ids = (await seedDevices(app.db, 4, seenAt)).toSorted();
  await change(0, { attributes: JSON.stringify({ site: 'lab', floor: '4' }), hardware: 'gw-b' });
  await change(1, { clone_alarm_at: seenAt, channel: 'beta' });
  await change(2, { revoked_at: seenAt, token_alarm_at: seenAt });
  await change(3, { last_seen_at: null, enrolled_at: new Date('2026-02-01T00:00:00Z') });
});
afterAll(() => app.close());

const change = (index: number, set: object) =>
  app.db
    .updateTable('devices')
    .set(set)
    .where('id', '=', ids[index] ?? '')
    .execute();

async function found(query: string): Promise<number[]> {
  const answer = await app.admin('GET', `/devices?${query}`, { token });
  return (answer.json as { items: DeviceView[] }).items.map(d => ids.indexOf(d.id));
}

it.each([
  [`filter=${encodeURIComponent('hardware==gw-b;floor>3')}`, [0]],
  [`filter=${encodeURIComponent('version==1.1.0;site!=x')}&component=app`, [0]],
  ['hardware=gw-a', [1, 2, 3]],
  ['channel=beta', [1]],
  ['alarm=any', [1, 2]],
  ['alarm=clone', [1]],
  ['alarm=claim-token-used', [2]],
  ['revoked=true', [2]],
  ['revoked=false&product=gw', [0, 1, 3]],
  ['seenAfter=2026-03-01T12:00:00Z', [0, 1, 2]],
  // Never seen, and enrolled before that.
  ['seenBefore=2026-03-01T12:00:00Z', [3]],
])('lists the devices that %s asks for', async (query, expected) => {
  expect(await found(query)).toEqual(expected);
});

it('pages through what a filter finds', async () => {
  const filter = `filter=${encodeURIComponent('hardware==gw-a')}`;
  const first = await app.admin('GET', `/devices?${filter}&limit=2`, { token });
  const { next } = first.json as { next: string };
  expect(await found(`${filter}&limit=2&after=${next}`)).toEqual([3]);
});

it.each([
  ['filter=floor%3D%3D', 422, 'filter-invalid', '/filter', /position 8$/],
  ['filter=version%3D%3D1', 422, 'filter-invalid', '/filter', /component=app/],
  ['alarm=loud', 400, 'invalid-input', '/alarm', /./],
  ['revoked=perhaps', 400, 'invalid-input', '/revoked', /./],
  ['seenAfter=2026-02-31T25:00:00Z', 400, 'invalid-input', '/seenAfter', /no existing time/],
])('refuses ?%s', async (query, status, code, path, detail) => {
  const answer = await app.admin('GET', `/devices?${query}`, { token });
  expect(answer).toMatchObject({ status, json: { code, path, detail: expect.stringMatching(detail) } });
});

async function history(id: string): Promise<DeviceEvent[]> {
  const events: DeviceEvent[] = [];
  for (let next: string | null = ''; next !== null; ) {
    const after: string = next === '' ? '' : `&after=${encodeURIComponent(next)}`;
    const { json } = await app.admin('GET', `/devices/${id}/history?limit=2${after}`, { token });
    const page = json as { items: DeviceEvent[]; next: string | null };
    events.push(...page.items);
    next = page.next;
  }
  return events;
}

it("tells a device's history newest first, each event once, a batch of reports in the order of its states", async () => {
  const id = ids[1] ?? '';
  await change(1, { enrolled_at: new Date('2026-02-01T00:00:00Z'), revoked_at: new Date('2026-03-05T00:00:00Z') });
  const rollout = await seedRollout(app.db, await seedRelease(app.db, 2), seenAt);
  const offered = new Date('2026-03-02T00:00:00.5Z');
  await app.db
    .insertInto('attempts')
    .values({ rollout_id: rollout.id, device_id: id, attempt: 1, phase: 0, offered_at: offered, changed_at: offered })
    .execute();
  const received = new Date('2026-03-02T00:01:00Z');
  const states = ['downloading', 'downloaded', 'installing', 'activating', 'trial', 'rolledBack'] as const;
  await app.db
    .insertInto('reports')
    .values(
      states.map((state, i) => ({
        device_id: id,
        id: seedId(`report ${i}`),
        rollout_id: rollout.id,
        attempt: 1,
        target: rollout.target,
        state,
        code: state === 'rolledBack' ? ('health-failed' as const) : null,
        device_time: new Date('2026-03-02T00:00:30Z'),
        received_at: received,
      })),
    )
    .execute();

  const events = await history(id);
  expect(events.map(e => e.state ?? e.kind)).toEqual([
    'revoked',
    ...states.toReversed(),
    'offered',
    'alarm',
    'enrolled',
  ]);
  expect(events[1]).toMatchObject({ rolloutId: rollout.id, attempt: 1, target: rollout.target, code: 'health-failed' });
  expect(events[7]).toMatchObject({ at: offered.toISOString(), rolloutId: rollout.id, attempt: 1 });
  expect(events[8]).toMatchObject({ kind: 'alarm', detail: 'clone', at: seenAt.toISOString() });
  expect(events.at(-1)).toMatchObject({ kind: 'enrolled', detail: 'claim-token', rolloutId: null });
});

it('has no history of a device that is not there, and takes no page that is none', async () => {
  expect(await app.admin('GET', `/devices/${'0'.repeat(32)}/history`, { token })).toMatchObject({ status: 404 });
  for (const after of ['x', '2026-99-99T00:00:00.000Z_a', ids[0]]) {
    const answer = await app.admin('GET', `/devices/${ids[0]}/history?after=${after}`, { token });
    expect(answer).toMatchObject({ status: 400, json: { code: 'invalid-input', path: '/after' } });
  }
});
