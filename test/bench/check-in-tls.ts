/**
 * What a check-in costs that comes over a TLS connection of its own, through nginx as `infra` sets it up, to a server that
 * authenticates it: the CPU of nginx, and of nginx and the server together, against the same nginx answering by itself
 * (`return`). With a full handshake and with a resumed one, over TLS 1.3, as our agent comes. All take turns. What the server
 * does while nobody asks is not counted: it would weigh by how slowly the load comes.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DEVICE_API } from '@tidegate/protocol';
import { freePorts } from '../src/free-port.ts';
import { makeCertificate, startNginx } from '../src/nginx.ts';
import { startServerProcess } from '../src/server-process.ts';
import { cpuSeconds, familyCpuSeconds } from './cpu.ts';
import { openGround } from './ground.ts';
import { type BenchResult, median, rounded } from './result.ts';
import { type Handshake, runTlsLoad, type TlsLoad } from './tls-load.ts';
import { warmDevices } from './warm-fleet.ts';

const DEVICES = 64;
const CONNECTIONS = 8;
const CONNECTIONS_PER_ROUND = 1000;
const ROUNDS = 5;
const REST_MS = 4000;
/** Of what nginx needs by itself; and a full handshake of a resumed one. */
const GOALS = { most: 1.15, resumption: 3 };

const RETURNED = `location = /return { return 200 '{"offer":null,"stop":[],"pollAfterSeconds":60}'; }`;
const HANDSHAKES = ['full', 'resumed'] as const;

export async function checkInTls(): Promise<BenchResult[]> {
  await using ground = await openGround();
  await using closing = new AsyncDisposableStack();
  const server = await startServerProcess(ground.plan);
  closing.use(server.child);
  const certificate = await makeCertificate(ground.folder);
  const [port = 0] = await freePorts(1);
  const upstreams = [Number(new URL(server.deviceUrl).port)];
  const artifacts = join(ground.plan.data, 'artifacts');
  const { folder } = ground;
  const nginx = closing.use(await startNginx({ folder, port, upstreams, artifacts, certificate, beside: RETURNED }));
  const load = {
    port,
    ca: await readFile(certificate.certFile, 'utf8'),
    requests: await warmDevices(server, DEVICES),
    connections: CONNECTIONS,
    count: CONNECTIONS_PER_ROUND,
  };
  const used = await countedFrom(server.child.pid, nginx.pid);
  const measure = async (handshake: Handshake) => ({
    checkIn: await cost({ ...load, handshake, path: `${DEVICE_API}/check-in` }, used),
    returned: await cost({ ...load, handshake, path: '/return' }, used),
  });
  await measure('full');
  await measure('resumed');

  const rounds: Record<Handshake, Awaited<ReturnType<typeof measure>>>[] = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push({ full: await measure('full'), resumed: await measure('resumed') });
  const ratios = HANDSHAKES.flatMap(handshake => {
    const seen = rounds.map(round => round[handshake]);
    const name = `check-in-tls, ${handshake} handshake`;
    return [
      against(
        `${name}, with the server`,
        seen.map(s => [s.checkIn.nginx + s.checkIn.server, s.returned.nginx]),
      ),
      against(
        `${name}, nginx alone`,
        seen.map(s => [s.checkIn.nginx, s.returned.nginx]),
      ),
    ];
  });
  const times = median(rounds.map(r => r.full.returned.nginx / r.resumed.returned.nginx));
  const resumption = {
    name: 'check-in-tls, a full handshake against a resumed one, nginx by itself',
    value: rounded(median(rounds.map(r => r.full.returned.nginx))),
    unit: UNIT,
    baseline: rounded(median(rounds.map(r => r.resumed.returned.nginx))),
    ratio: rounded(times),
    goal: `ratio >= ${GOALS.resumption}`,
    pass: times >= GOALS.resumption,
  };
  return [...ratios, resumption];
}

const UNIT = 'microseconds of CPU for each';

function against(name: string, pairs: readonly (readonly [ours: number, theirs: number])[]): BenchResult {
  const ratio = median(pairs.map(([ours, theirs]) => ours / theirs));
  return {
    name,
    value: rounded(median(pairs.map(([ours]) => ours))),
    unit: UNIT,
    baseline: rounded(median(pairs.map(([, theirs]) => theirs))),
    ratio: rounded(ratio),
    goal: `ratio <= ${GOALS.most}`,
    pass: ratio <= GOALS.most,
  };
}

interface Cpu {
  readonly nginx: number;
  readonly server: number;
}

/** A meter of seconds of CPU, without those that the server uses by itself. */
async function countedFrom(serverPid: number, nginxPid: number): Promise<() => Promise<Cpu>> {
  const began = performance.now();
  const before = await cpuSeconds(serverPid);
  await wait(REST_MS);
  const atRest = ((await cpuSeconds(serverPid)) - before) / (performance.now() - began);
  return async () => ({
    nginx: await familyCpuSeconds(nginxPid),
    server: (await cpuSeconds(serverPid)) - atRest * (performance.now() - began),
  });
}

/** Microseconds of CPU for each connection. */
async function cost(load: TlsLoad, used: () => Promise<Cpu>): Promise<Cpu> {
  const before = await used();
  await runTlsLoad(load);
  const after = await used();
  const each = (seconds: number) => (seconds * 1e6) / load.count;
  return { nginx: each(after.nginx - before.nginx), server: each(after.server - before.server) };
}
