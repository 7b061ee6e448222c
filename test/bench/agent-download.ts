/**
 * Bytes for each second of CPU time of the agent's downloader, SHA-256 and the durable file included, against
 * `openssl sha256` over the same bytes; and how much more memory ten times the image takes. The two take turns.
 */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runToEnd } from '../src/child.ts';
import { tempFolder } from '../src/temp-folder.ts';
import type { Downloaded } from './downloading.ts';
import { type BenchResult, median, rounded } from './result.ts';

const DOWNLOADING = fileURLToPath(new URL('downloading.ts', import.meta.url));
const LARGE_BYTES = 500_000_000;
const SMALL_BYTES = 50_000_000;
const PIECE_BYTES = 1_000_000;
const ROUNDS = 5;
const GOAL = 0.8;
const GOAL_MEMORY = 1.1;

interface Image {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export async function agentDownload(): Promise<BenchResult> {
  await using folder = await tempFolder('tidegate-bench');
  const large = await makeImage(join(folder.path, 'large.img'), LARGE_BYTES);
  const small = await makeImage(join(folder.path, 'small.img'), SMALL_BYTES);
  await using server = await serve([large, small]);
  const download = async (image: Image) => {
    const place = join(folder.path, 'device');
    const { code, stdout, stderr } = await runToEnd([
      DOWNLOADING,
      server.url,
      image.sha256,
      String(image.bytes),
      place,
    ]);
    if (code !== 0) throw new Error(`the download ended with ${code}: ${stderr}`);
    await rm(place, { recursive: true });
    return JSON.parse(stdout) as Downloaded;
  };
  const rounds: { ours: Downloaded; small: Downloaded; openssl: number }[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    rounds.push({ ours: await download(large), small: await download(small), openssl: await opensslSeconds(large) });
  }
  const ratio = median(rounds.map(r => r.openssl / r.ours.cpuSeconds));
  const memory = median(rounds.map(r => r.ours.peakMegabytes / r.small.peakMegabytes));
  const peakMegabytes = median(rounds.map(r => r.ours.peakMegabytes));
  process.stderr.write(`${JSON.stringify({ peakMegabytes: rounded(peakMegabytes), memoryRatio: rounded(memory) })}\n`);
  const perSecond = (seconds: number) => LARGE_BYTES / 1e6 / seconds;
  return {
    name: 'agent-download',
    value: rounded(median(rounds.map(r => perSecond(r.ours.cpuSeconds)))),
    unit: 'MB per second of CPU',
    baseline: rounded(median(rounds.map(r => perSecond(r.openssl)))),
    ratio: rounded(ratio),
    goal: `ratio >= ${GOAL}, memory for 500 MB <= ${GOAL_MEMORY} times that for 50 MB`,
    pass: ratio >= GOAL && memory <= GOAL_MEMORY,
  };
}

async function makeImage(file: string, bytes: number): Promise<Image> {
  const hash = createHash('sha256');
  const handle = await open(file, 'w');
  for (let written = 0; written < bytes; written += PIECE_BYTES) {
    const piece = randomBytes(PIECE_BYTES);
    hash.update(piece);
    await handle.write(piece);
  }
  await handle.close();
  return { file, bytes, sha256: hash.digest('hex') };
}

/** Each image by its hash. */
async function serve(images: readonly Image[]): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    const image = images.find(({ sha256 }) => request.url === `/${sha256}`);
    if (!image) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-length': image.bytes });
    createReadStream(image.file, { highWaterMark: PIECE_BYTES }).pipe(response);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, [Symbol.asyncDispose]: () => new Promise<void>(resolve => server.close(() => resolve())) };
}

async function opensslSeconds({ file, sha256 }: Image): Promise<number> {
  const script = 'TIMEFORMAT="%3U %3S"; time openssl sha256 "$1"';
  const { stdout, stderr } = await promisify(execFile)('bash', ['-ec', script, 'bash', file]);
  if (!stdout.includes(sha256)) throw new Error(`openssl hashed other bytes: ${stdout}`);
  const [user = Number.NaN, system = Number.NaN] = stderr.trim().split(' ').map(Number);
  return user + system;
}
