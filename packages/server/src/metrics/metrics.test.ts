import { CODE_NAMES, PROBLEMS, ROLLOUT_STATES, UPDATE_STATES } from '@tidegate/protocol';
import { sql } from 'kysely';
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { seedId, seedRelease, seedRollout } from '../testing/seed.ts';
import { type TestApp, testApp, testClaimTokens, testDeviceKey } from '../testing/test-app.ts';
import { ROLE_KINDS } from './role-kind.ts';

let app: TestApp;
beforeEach(async () => {
  app = await testApp();
});
afterEach(() => app.close());

const checkIn = { agentVersion: '1.0.0', hardware: 'gw-a', channel: 'stable', bootId: 'a'.repeat(32), components: [] };

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A scrape after what is kept has grown old. */
async function scrape(): Promise<Sample[]> {
  app.clock.advance(6);
  const answer = await app.admin('GET', '//metrics');
  expect([answer.status, answer.headers['content-type']]).toEqual([
    200,
    expect.stringMatching(/^text\/plain; version=0/),
  ]);
  return samples(answer.bytes.toString());
}

function samples(text: string): Sample[] {
  return text
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => {
      const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', text = '']) => [label, text] as const);
      return { name, labels: Object.fromEntries(pairs), value: Number(value) };
    });
}

function valueOf(all: readonly Sample[], name: string, labels: Record<string, string> = {}): number | undefined {
  return all.find(s => s.name === name && Object.entries(labels).every(([l, text]) => s.labels[l] === text))?.value;
}

async function enrolled(): Promise<{ deviceId: string; token: string }> {
  const [claimToken = ''] = await testClaimTokens(app, 1, 'gw');
  const key = testDeviceKey();
  const enrolment = await app.device('POST', '/enrol', { body: key.enrolment(claimToken, 'gw') });
  const { deviceId } = enrolment.json as { deviceId: string };
  const { nonce } = (await app.device('GET', '/nonce')).json as { nonce: string };
  const answer = await app.device('POST', '/token', { body: key.assertion(deviceId, nonce) });
  return { deviceId, token: (answer.json as { accessToken: string }).accessToken };
}

it('counts check-ins, offers, reports once each, refusals by code and rollouts by state', async () => {
  const { token } = await enrolled();
  const at = '2026-01-01T00:00:00Z';
  const rollout = await seedRollout(app.db, await seedRelease(app.db, 2), app.clock.now());
  const before = await scrape();
  expect(valueOf(before, 'tidegate_check_ins_total')).toBe(0);
  // The board of the app learns of the new rollout by itself; asking again until then is what a device does, too.
  await expect
    .poll(async () => (await app.device('POST', '/check-in', { token, body: checkIn })).json)
    .toMatchObject({ offer: { rolloutId: rollout.id } });
  const report = { id: seedId('r'), rolloutId: rollout.id, attempt: 1, state: 'rolledBack', code: 'health-failed', at };
  for (const _ of [1, 2]) await app.device('POST', '/reports', { token, body: { reports: [report] } });
  await app.device('POST', '/check-in', { token, body: { ...checkIn, channel: 'STABLE' } });
  await app.device('POST', '/check-in', { body: checkIn });
  await app.admin('GET', '/nowhere');

  const after = await scrape();
  const value = (name: string, labels?: Record<string, string>) => valueOf(after, name, labels);
  expect(value('tidegate_check_ins_total')).toBeGreaterThanOrEqual(1);
  expect(value('tidegate_offers_total')).toBe(1);
  expect(value('tidegate_reports_total', { state: 'rolledBack' })).toBe(1);
  expect(value('tidegate_report_codes_total', { code: 'health-failed' })).toBe(1);
  expect(value('tidegate_refusals_total', { listener: 'device', code: 'invalid-input' })).toBe(1);
  expect(value('tidegate_refusals_total', { listener: 'device', code: 'unauthenticated' })).toBe(1);
  expect(value('tidegate_refusals_total', { listener: 'admin', code: 'not-found' })).toBe(1);
  expect(value('tidegate_rollouts', { state: 'running' })).toBe(1);
  expect(value('tidegate_database_reachable')).toBe(1);
  expect(value('tidegate_queue_reachable')).toBe(1);
  expect(value('tidegate_queue_jobs', { state: 'failed' })).toBe(0);
  expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  expect(value('tidegate_event_loop_delay_seconds', { quantile: '1' })).toBeGreaterThanOrEqual(0);
  const route = { listener: 'device', method: 'POST', route: '/api/device/v1/check-in' };
  expect(value('tidegate_http_request_duration_seconds_count', { ...route, status: '4xx' })).toBe(2);
});

it('shows the fleet: how many there are, how many come, how often they are told to, how many listen', async () => {
  const { token } = await enrolled();
  await enrolled();
  await app.device('POST', '/check-in', { token, body: checkIn });
  await expect
    .poll(async () => {
      await app.pace.count();
      const found = await scrape();
      return ['devices_known', 'devices_active'].map(name => valueOf(found, `tidegate_${name}`));
    })
    .toEqual([2, 1]);
  expect(valueOf(await scrape(), 'tidegate_poll_interval_seconds')).toBe(300);
  expect(valueOf(await scrape(), 'tidegate_event_streams')).toBe(0);
});

it('labels with words of closed lists alone, whatever is asked for, and tells nothing of a device', async () => {
  const { deviceId, token } = await enrolled();
  const tries = ['//secret-path', `//${deviceId}?token=x`, '//%', `/devices/${deviceId}`, '//tuf/targets/a/b/c/d/e'];
  for (const path of tries) {
    for (const method of ['GET', 'PUT'] as const) {
      await app.device(method, path, { token });
      await app.admin(method, path);
    }
  }
  await app.device('POST', '/check-in', { token, body: checkIn });
  const report = { id: seedId('r'), state: 'failed', code: 'no-such-code', at: '2026-01-01T00:00:00Z' };
  await app.device('POST', '/reports', { token, body: { reports: [report] } });

  const closed: Record<string, readonly string[]> = {
    listener: ['device', 'admin'],
    method: ['GET', 'HEAD', 'POST', 'PUT', 'other'],
    status: ['2xx', '3xx', '4xx', '5xx'],
    state: [...UPDATE_STATES, ...ROLLOUT_STATES, 'waiting', 'active', 'delayed', 'failed'],
    code: [...Object.keys(PROBLEMS), ...CODE_NAMES],
    role: ROLE_KINDS,
    quantile: ['0.5', '0.99', '1'],
    le: ['0.001', '0.005', '0.025', '0.1', '0.5', '2.5', '10', '+Inf'],
  };
  const found = await scrape();
  const routes = new Set(found.flatMap(s => s.labels['route'] ?? []));
  for (const route of routes) expect(route).toMatch(/^none$|^\/(api\/|tuf\/|livez$|readyz$|metrics$)[\w/:*-]*$/);
  const strange = found.flatMap(s =>
    Object.entries(s.labels).filter(([label, text]) => label !== 'route' && !closed[label]?.includes(text)),
  );
  expect(strange).toEqual([]);
  expect(JSON.stringify(found)).not.toContain(deviceId);
  expect(JSON.stringify(found)).not.toContain('secret-path');
});

it('makes the text once for all who ask at once, and anew after a second', async () => {
  const ask = async () => (await app.admin('GET', '//metrics')).bytes.toString();
  const first = await Promise.all(Array.from({ length: 8 }, ask));
  expect(new Set(first).size).toBe(1);
  app.clock.advance(1);
  expect(await ask()).not.toBe(first[0]);
});

it('answers without the database, and says that it is lost', async () => {
  expect(valueOf(await scrape(), 'tidegate_database_reachable')).toBe(1);
  await dropDatabase();
  const lost = await scrape();
  expect(valueOf(lost, 'tidegate_database_reachable')).toBe(0);
  expect(valueOf(lost, 'tidegate_queue_reachable')).toBe(0);
  expect(lost.filter(s => s.name === 'tidegate_rollouts')).toEqual([]);
  expect(valueOf(lost, 'tidegate_check_ins_total')).toBe(0);
  expect(valueOf(lost, 'process_cpu_seconds_total')).toBeGreaterThan(0);
});

it('waits a bounded time for a database that hangs, asks it one question at a time, and recovers by itself', async () => {
  const holder = new pg.Client({ connectionString: app.databaseUrl });
  await holder.connect();
  await holder.query('begin');
  await holder.query('lock table rollouts in access exclusive mode');
  for (const _ of [1, 2]) expect(valueOf(await scrape(), 'tidegate_database_reachable')).toBe(0);
  const waiting = await sql<{ count: number }>`
    select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
      and query like '%group by "state"%'`.execute(app.db);
  expect(waiting.rows[0]?.count).toBe(1);
  await holder.query('rollback');
  await holder.end();
  await expect.poll(async () => valueOf(await scrape(), 'tidegate_database_reachable')).toBe(1);
});

async function dropDatabase(): Promise<void> {
  const admin = new pg.Client({ connectionString: inject('databaseUrl') });
  await admin.connect();
  await admin.query(`drop database ${new URL(app.databaseUrl).pathname.slice(1)} with (force)`);
  await admin.end();
}
