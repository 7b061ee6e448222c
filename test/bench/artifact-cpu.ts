/**
 * CPU for each gigabyte of an image that devices download, of nginx and the server together: where the server names the
 * file to nginx (X-Accel-Redirect), and where it streams it by itself; against the same nginx sending the same file without
 * asking anybody (sendfile). Whole, and the rest of a download that broke off. Over plain HTTP, since the cost of
 * encryption would hide the difference. All take turns; the file is in the page cache.
 */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contentPath, TARGETS_BASE } from '@tidegate/protocol';
import { freePorts } from '../src/free-port.ts';
import { makeCertificate, startNginx } from '../src/nginx.ts';
import { push } from '../src/push.ts';
import { RepoSim, sha256 } from '../src/repo-sim.ts';
import { startServerProcess } from '../src/server-process.ts';
import { cpuSeconds, familyCpuSeconds } from './cpu.ts';
import { type DownloadLoad, runDownloads } from './download-load.ts';
import { openSharedGround } from './ground.ts';
import { type BenchResult, median, rounded } from './result.ts';

const IMAGE_BYTES = 128 * 1024 * 1024;
const BYTES_PER_ROUND = 1024 ** 3;
const CONNECTIONS = 4;
const ROUNDS = 5;
const GIGABYTE = 1e9;
const REDIRECT = '/internal/artifacts/';
/** Times what nginx needs by itself. */
const GOALS = { redirected: 1.25, streamed: 5 };

const PARTS = [
  { name: 'whole', first: 0 },
  { name: 'the rest from the half on', first: IMAGE_BYTES / 2 },
] as const;

export async function artifactCpu(): Promise<BenchResult[]> {
  await using ground = await openSharedGround();
  await using closing = new AsyncDisposableStack();
  const repo = new RepoSim();
  const trustedRoot = join(ground.folder, 'first-root.json');
  await writeFile(trustedRoot, repo.root());
  const start = async (more: { artifactRedirect?: string }) => {
    const server = await startServerProcess({ ...ground.plan, trustedRoot, ...more });
    closing.use(server.child);
    return server;
  };
  const asking = await start({ artifactRedirect: REDIRECT });
  const streaming = await start({});
  const image = randomBytes(IMAGE_BYTES);
  const hash = sha256(image);
  const path = `${TARGETS_BASE}/${contentPath(repo.release(image, { version: '1.1.0', counter: 2 }), hash)}`;
  await push({ ...streaming, server: streaming }, repo);

  const artifacts = join(ground.plan.data, 'artifacts');
  const [port = 0, plainPort = 0] = await freePorts(2);
  const nginx = closing.use(
    await startNginx({
      folder: ground.folder,
      port,
      upstreams: [Number(new URL(asking.deviceUrl).port)],
      artifacts,
      certificate: await makeCertificate(ground.folder),
      beside: `listen 127.0.0.1:${plainPort}; location /plain/ { alias ${artifacts}/; }`,
    }),
  );
  const used = async () =>
    (await familyCpuSeconds(nginx.pid)) +
    (await cpuSeconds(asking.child.pid)) +
    (await cpuSeconds(streaming.child.pid));
  const plain = `http://127.0.0.1:${plainPort}`;
  const ways = {
    sendfile: `${plain}/plain/${hash.slice(0, 2)}/${hash}`,
    redirected: plain + path,
    streamed: streaming.deviceUrl + path,
  };
  const round = async (first: number) => {
    const cost = (url: string) => cpuPerGigabyte(loadOf(url, first), used);
    return {
      sendfile: await cost(ways.sendfile),
      redirected: await cost(ways.redirected),
      streamed: await cost(ways.streamed),
    };
  };
  await round(0);

  const rounds: Awaited<ReturnType<typeof round>>[][] = PARTS.map(() => []);
  for (let i = 0; i < ROUNDS; i++) for (const [p, part] of PARTS.entries()) rounds[p]?.push(await round(part.first));
  return PARTS.flatMap(({ name }, p) =>
    (['redirected', 'streamed'] as const).map(way => {
      const seen = rounds[p] ?? [];
      const ratio = median(seen.map(r => r[way] / r.sendfile));
      return {
        name: `artifact-cpu, ${way}, ${name}`,
        value: rounded(median(seen.map(r => r[way]))),
        unit: 'seconds of CPU for each gigabyte',
        baseline: rounded(median(seen.map(r => r.sendfile))),
        ratio: rounded(ratio),
        goal: `ratio <= ${GOALS[way]}`,
        pass: ratio <= GOALS[way],
      };
    }),
  );
}

function loadOf(url: string, first: number): DownloadLoad {
  const bytes = IMAGE_BYTES - first;
  const range = first === 0 ? {} : { range: { first, last: IMAGE_BYTES - 1 } };
  return { url, lengthBytes: IMAGE_BYTES, connections: CONNECTIONS, count: BYTES_PER_ROUND / bytes, ...range };
}

async function cpuPerGigabyte(load: DownloadLoad, used: () => Promise<number>): Promise<number> {
  const before = await used();
  const bytes = await runDownloads(load);
  return ((await used()) - before) / (bytes / GIGABYTE);
}
