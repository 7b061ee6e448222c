/**
 * Bringing out a 500 MB image, `release add` + `sign` + `publish`, against what cannot be spared: hashing it once with
 * node:crypto and uploading it once to the same server. The two take turns, each time with bytes that nobody has seen.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ADMIN_API, type PublicationAnswer } from '@tidegate/protocol';
import { type ServerProcess, startServerProcess } from '../src/server-process.ts';
import { openSigningDesk, type SigningDesk } from '../src/signing-desk.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { type BenchResult, median, rounded } from './result.ts';

const IMAGE_BYTES = 500_000_000;
const BUFFER_BYTES = 1024 ** 2;
const ROUNDS = 5;
const GOAL = 1.3;

export async function releaseAdd(): Promise<BenchResult> {
  await using folder = await tempFolder('tidegate-bench');
  const desk = await openSigningDesk({ folder: folder.path, products: ['gw2'], scryptN: 1024 });
  const data = join(folder.path, 'server');
  const server = await startServerProcess({
    data,
    trustedRoot: desk.rootFile,
    pollSeconds: 300,
    gateTickSeconds: 60,
  });
  await using closing = new AsyncDisposableStack();
  closing.use(server.child);
  const image = join(folder.path, 'image.img');
  await fill(image);

  const times: { ours: number; least: number }[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    await renew(image);
    const ours = await seconds(() => bringOut(desk, server, image, round));
    await renew(image);
    const least = await seconds(() => hashAndUpload(server, image));
    if (round > 0) times.push({ ours, least });
  }
  const ratio = median(times.map(t => t.ours / t.least));
  return {
    name: 'release-add',
    value: rounded(median(times.map(t => t.ours))),
    unit: 's',
    baseline: rounded(median(times.map(t => t.least))),
    ratio: rounded(ratio),
    goal: `ratio <= ${GOAL}`,
    pass: ratio <= GOAL,
  };
}

async function bringOut(desk: SigningDesk, server: ServerProcess, file: string, round: number): Promise<void> {
  await desk.release({ file, version: `1.0.${round}`, format: 'file' });
  await desk.publish({ adminUrl: server.adminUrl, token: server.adminToken });
}

async function hashAndUpload(server: ServerProcess, file: string): Promise<void> {
  const digest = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: BUFFER_BYTES })) digest.update(piece as Buffer);
  const idempotencyKey = randomBytes(32).toString('hex');
  const { id } = await server.admin.post<PublicationAnswer>('/publications', { idempotencyKey });
  await upload(server, `/publications/${id}/artifacts/${digest.digest('hex')}`, file);
}

async function upload({ adminUrl, adminToken }: ServerProcess, path: string, file: string): Promise<void> {
  const { size } = await stat(file);
  const outgoing = request(`${adminUrl}${ADMIN_API}${path}`, {
    method: 'PUT',
    headers: {
      authorization: `Bearer ${adminToken}`,
      'content-type': 'application/octet-stream',
      'content-length': size,
    },
  });
  const answered = new Promise<number | undefined>((resolve, reject) => {
    outgoing.once('response', response => resolve(response.resume().statusCode)).once('error', reject);
  });
  await pipeline(createReadStream(file, { highWaterMark: BUFFER_BYTES }), outgoing);
  const status = await answered;
  if (status !== 204) throw new Error(`the upload was answered with ${status}`);
}

/** Bytes that no file system stores as holes and none compresses. */
async function fill(path: string): Promise<void> {
  await rm(path, { force: true });
  await using file = await open(path, 'wx');
  const piece = randomBytes(BUFFER_BYTES);
  for (let at = 0; at < IMAGE_BYTES; at += BUFFER_BYTES) {
    piece.writeUInt32LE(at / BUFFER_BYTES, 0);
    await file.write(piece, 0, Math.min(BUFFER_BYTES, IMAGE_BYTES - at), at);
  }
  await file.sync();
}

/** Another image of the same size, at rest on the disk. */
async function renew(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  await file.write(randomBytes(16), 0, 16, 16);
  await file.sync();
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}
