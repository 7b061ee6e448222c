/**
 * Three server processes behind the nginx that we recommend, without affinity: each is restarted in turn, and one is
 * killed, while devices check in and report. A checker outside compares what devices were told with what is stored.
 */
import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import {
  DEVICE_API,
  type CheckInAnswer,
  type ReportsAnswer,
  type RolloutView,
  UPDATE_STATES,
} from '@tidegate/protocol';
import { openDatabase } from '@tidegate/server';
import { emptyDatabase, seedId, seedRelease } from '@tidegate/server/testing';
import { sql } from 'kysely';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { freePorts } from '../src/free-port.ts';
import { makeCertificate, startNginx } from '../src/nginx.ts';
import { RepoSim } from '../src/repo-sim.ts';
import { type ServerProcess, startServerProcess } from '../src/server-process.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { until } from '../src/until.ts';
import { type EnrolledDevice, enrolDevice } from './enrolled-device.ts';

const PROCESSES = 3;
const DEVICES = 6;
const WAY = UPDATE_STATES.filter(s => !['offered', 'failed', 'rolledBack'].includes(s));

test('a rolling restart of three processes and a kill lose no report, count none twice, and refuse no check-in', async () => {
  await using closing = new AsyncDisposableStack();
  const folder = closing.use(await tempFolder());
  const base = await emptyDatabase();
  closing.defer(() => base.drop());
  const trustedRoot = join(folder.path, 'root.json');
  await writeFile(trustedRoot, new RepoSim().root());
  const [frontPort = 0, ...ports] = await freePorts(1 + 2 * PROCESSES);
  const data = join(folder.path, 'server');
  const start = (index: number): Promise<ServerProcess> => {
    const [port = 0, adminPort = 0] = ports.slice(2 * index, 2 * index + 2);
    const plan = { data, trustedRoot, pollSeconds: 60, gateTickSeconds: 0.5, databaseUrl: base.url };
    return startServerProcess({ ...plan, port, adminPort });
  };
  const servers: ServerProcess[] = [];
  closing.defer(async () => void (await Promise.all(servers.map(s => s.child.stop()))));
  for (let i = 0; i < PROCESSES; i++) servers.push(await start(i));
  const first = { server: servers[0] as ServerProcess, admin: (servers[0] as ServerProcess).admin };
  const db = openDatabase(base.url, pino({ level: 'silent' }));
  closing.defer(() => db.destroy());
  const release = await seedRelease(db, 2);
  const devices = await Promise.all(Array.from({ length: DEVICES }, () => enrolDevice(first, 'gw')));
  const rollout = await first.admin.post<RolloutView>('/rollouts', {
    target: release.target,
    phases: [{ basisPoints: 10_000 }],
    gate: { soakSeconds: 3600, silenceSeconds: 3600 },
  });
  const nginx = await startNginx({
    folder: folder.path,
    port: frontPort,
    upstreams: ports.filter((_, i) => i % 2 === 0),
    artifacts: join(data, 'artifacts'),
    certificate: await makeCertificate(folder.path),
  });
  closing.use(nginx);

  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  closing.defer(() => agent.destroy());
  const post = <T>(path: string, device: EnrolledDevice, body: unknown) =>
    postThrough<T>(agent, `${nginx.url}${DEVICE_API}${path}`, device.accessToken, body);
  const end = new AbortController();
  const acknowledged: string[] = [];
  const load = devices.map(async device => {
    for (let n = 0; !end.signal.aborted; n++) {
      const { offer } = await post<CheckInAnswer>('/check-in', device, checkInBody(device));
      const id = seedId(`${device.deviceId} ${n}`);
      const state = WAY[Math.min(n, WAY.length - 1)];
      const proof = { counter: release.counter, sha256: release.sha256 };
      const report = { id, rolloutId: offer?.rolloutId ?? rollout.id, attempt: 1, state, ...proof };
      const sent = { reports: [{ ...report, at: new Date().toISOString() }] };
      // As after an answer that was lost: everything comes twice.
      for (const _ of [1, 2]) {
        expect(await post<ReportsAnswer>('/reports', device, sent)).toEqual({ acknowledged: [id] });
      }
      acknowledged.push(id);
    }
  });
  // A refusal ends the load: it shows as soon as the next round is waited for.
  const failed = Promise.all(load);
  const round = async () => {
    const before = acknowledged.length;
    const moved = until('devices to go on', () => acknowledged.length > before + DEVICES || undefined, 60_000);
    await Promise.race([moved, failed]);
  };

  await round();
  for (let i = 0; i < PROCESSES; i++) {
    expect(await servers[i]?.child.stop()).toBe(0);
    await round();
    servers[i] = await start(i);
    await round();
  }
  await servers[1]?.child.kill();
  await round();
  end.abort();
  await failed;

  const { rows } = await sql<{ id: string }>`select id from reports`.execute(db);
  expect(rows.map(r => r.id).toSorted()).toEqual(acknowledged.toSorted());
  const counts = await sql`select sum(offered) as offered, sum(verified) as verified, sum(failed) as failed
    from rollout_counts`.execute(db);
  const recount =
    await sql`select count(*)::numeric as offered, count(*) filter (where outcome = 'verified')::numeric as verified,
    count(*) filter (where outcome = 'failed')::numeric as failed from attempts where not superseded`.execute(db);
  expect(counts.rows).toEqual(recount.rows);
}, 180_000);

function checkInBody(device: EnrolledDevice) {
  return {
    agentVersion: '0.1.0',
    hardware: 'gw-a',
    channel: 'stable',
    bootId: seedId(device.deviceId),
    components: [{ component: 'app', version: '1.1.0', counter: 1 }],
  };
}

/** @throws Error for every answer but 200, and where there is none */
function postThrough<T>(agent: Agent, url: string, token: string, body: unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const outgoing = request(url, { method: 'POST', agent, headers }, response => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('end', () => {
        const text = Buffer.concat(parts).toString();
        if (response.statusCode === 200) resolve(JSON.parse(text) as T);
        else reject(new Error(`${url} answered ${response.statusCode}: ${text.slice(0, 200)}`));
      });
      response.once('error', reject);
    });
    outgoing.once('error', reject);
    outgoing.end(JSON.stringify(body));
  });
}
