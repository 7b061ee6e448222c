/**
 * Deltas between two real root file systems: the bytes of a patch against xdelta3 and casync, what chunks make devices
 * fetch against casync, and the memory of a device that applies a patch. Bytes and memory do not depend on what else the
 * machine does. Needs Debian with xdelta3, casync and zstd.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { contentPath, describedAs } from '@tidegate/protocol';
import type { SignedDelta } from '@tidegate/agent';
import { startStaticServer } from '../src/static-server.ts';
import { openSigningDesk, type SigningDesk } from '../src/signing-desk.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { debianImages, type ImagePair, PAIRS, run } from './debian-images.ts';
import type { DeltaDownload, DeltaDownloaded } from './delta-device.ts';
import { casyncBytes, xdeltaBytes } from './delta-rivals.ts';
import { askOwnProcess } from './own-process.ts';
import { type BenchResult, rounded } from './result.ts';

const MIB = 1024 ** 2;
const GOALS = { xdelta: 1.15, casync: 0.4, peakMib: 128 };
const CASYNC_CHUNK_BYTES = 64 * 1024;

export async function delta(): Promise<BenchResult[]> {
  await using folder = await tempFolder('tidegate-bench');
  const results: BenchResult[] = [];
  for (const [name, extra] of Object.entries(PAIRS)) {
    const place = join(folder.path, name);
    await mkdir(place);
    results.push(...(await onePair(name, place, await debianImages(place, extra))));
  }
  return results;
}

async function onePair(pairName: string, folder: string, pair: ImagePair): Promise<BenchResult[]> {
  const desk = await openSigningDesk({ folder, products: ['gw2'], scryptN: 1024 });
  const release = (file: string, version: string) =>
    desk.release({ file, version, component: 'rootfs', format: 'image' });
  const old = await release(pair.oldPath, '1.0.0');
  const next = await release(pair.newPath, '1.1.0');
  const [patch, chunks] = await desk.repository.addDeltas({ image: next.path, from: ['1.0.0'], chunks: true });
  if (!patch || !chunks) throw new Error('there are not both deltas');
  const patchBytes = patch.fetchedBytes ?? 0;
  const chunksBytes = chunks.fetchedBytes ?? 0;
  const xdelta = await xdeltaBytes(folder, pair);
  const casync = await casyncBytes(folder, pair, CASYNC_CHUNK_BYTES);
  const peak = await peakBytes(desk, folder, { old, next, oldPath: pair.oldPath, patch: patch.path });
  const name = (what: string) => `delta ${pairName}: ${what}`;
  return [
    against(name('patch, xdelta3 -9 with zstd'), patchBytes, xdelta, GOALS.xdelta),
    against(name('patch, casync 64 KiB'), patchBytes, casync, GOALS.casync),
    against(name('patch, the image'), patchBytes, next.lengthBytes, undefined),
    against(name('chunks, casync 64 KiB'), chunksBytes, casync, undefined),
    {
      name: name('memory of a device with a patch'),
      value: rounded(peak / MIB),
      unit: 'MiB',
      baseline: null,
      ratio: null,
      goal: `value <= ${GOALS.peakMib}`,
      pass: peak <= GOALS.peakMib * MIB,
    },
  ];
}

function against(name: string, bytes: number, theirs: number, goal: number | undefined): BenchResult {
  return {
    name,
    value: rounded(bytes / MIB),
    unit: 'MiB',
    baseline: rounded(theirs / MIB),
    ratio: rounded(bytes / theirs),
    goal: goal === undefined ? null : `ratio <= ${goal}`,
    pass: goal === undefined ? null : bytes <= goal * theirs,
  };
}

type Artifact = { readonly path: string; readonly sha256: string; readonly lengthBytes: number };

async function peakBytes(
  desk: SigningDesk,
  folder: string,
  made: { readonly old: Artifact; readonly next: Artifact; readonly oldPath: string; readonly patch: string },
): Promise<number> {
  const delta = await signedDelta(desk, made.patch);
  const bytes = await readFile(join(desk.repository.dir, 'artifacts', delta.sha256));
  await using server = await startStaticServer({
    metadata: new Map(),
    artifacts: new Map([[contentPath(delta.path, delta.sha256), bytes]]),
  });
  const { path, sha256, lengthBytes } = made.next;
  const { peakBytes: peak } = await askOwnProcess<DeltaDownloaded>(await bundled(folder), {
    netDir: join(folder, 'net'),
    source: server.url,
    target: { path, sha256, lengthBytes },
    deltas: [delta],
    oldImage: { path: made.oldPath, lengthBytes: made.old.lengthBytes, sha256: made.old.sha256 },
  } satisfies DeltaDownload);
  return peak;
}

/** As devices run it: one file of plain JavaScript. What strips types in a checkout takes memory of its own. */
async function bundled(folder: string): Promise<URL> {
  const file = join(folder, 'delta-device.mjs');
  const esbuild = join(import.meta.dirname, '../../node_modules/.bin/esbuild');
  const entry = join(import.meta.dirname, 'delta-device.ts');
  const require = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  await run(esbuild, [
    entry,
    '--bundle',
    '--platform=node',
    '--format=esm',
    `--outfile=${file}`,
    `--banner:js=${require}`,
  ]);
  return pathToFileURL(file);
}

/** The patch as the draft lists it. */
async function signedDelta(desk: SigningDesk, path: string): Promise<SignedDelta> {
  const draft = join(desk.repository.dir, 'staged', 'p-gw2-stable.json');
  const { signed } = JSON.parse(await readFile(draft, 'utf8')) as {
    signed: { targets: Record<string, { length: number; hashes: { sha256: string }; custom: object }> };
  };
  const target = signed.targets[path];
  const described = describedAs(path, target?.custom);
  if (!target || !described.ok || described.value.kind !== 'delta') throw new Error(`${path} is no delta`);
  return { path, sha256: target.hashes.sha256, lengthBytes: target.length, entry: described.value.entry };
}
