/**
 * Lists shorter ways to an image beside it: patches from older releases, an index of its chunks. One that saves devices
 * little is not kept, and the answer says so. Asked again, it makes what is not there yet.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CHUNKS_FORMAT,
  channelRole,
  DELTA_SCHEMA,
  type DeltaEntry,
  formatTargetPath,
  LIMITS,
  PATCH_FORMAT,
  parseTargetPath,
} from '@tidegate/protocol';
import { instant } from '../clock.ts';
import { makeChunks } from '../delta/make-chunks.ts';
import { makePatch } from '../delta/make-patch.ts';
import { type Image, imagesIn } from '../policy/description-policy.ts';
import { SignerError } from '../signer-error.ts';
import { artifactPath, checkArtifact } from '../store/artifact.ts';
import { asideOf } from '../store/durable-file.ts';
import type { Progress } from '../store/intake.ts';
import { inRoom } from '../store/room.ts';
import { writeDraft } from '../store/store.ts';
import type { TargetEntry, TargetsSigned } from '../tuf/metadata.ts';
import { type Editing, nextTargets, unsigned } from './next-list.ts';
import { withTargets } from './with-targets.ts';

export interface DeltaRequest {
  /** Target path of the full image that they lead to. */
  readonly image: string;
  /** Versions to come from. */
  readonly from: readonly string[];
  readonly chunks: boolean;
  /** @returns where progress is told for the file of that name */
  readonly progressOf?: (file: string) => Progress | undefined;
}

export interface DeltaResult {
  readonly path: string;
  readonly kind: DeltaEntry['kind'];
  /** Of a patch: the version that it starts from. */
  readonly from?: string;
  /** What a device fetches by it; undefined of chunks where there is no older image to compare with. */
  readonly fetchedBytes: number | undefined;
  readonly imageBytes: number;
  /** `listed`, `listed-before`, or `no-gain`: it saves too little and was not kept. */
  readonly outcome: 'listed' | 'listed-before' | 'no-gain';
}

/** A way that is not shorter by a fifth is not worth the disk, nor the place on the list. */
const WORTH = 0.8;

interface Way {
  readonly file: string;
  readonly kind: DeltaEntry['kind'];
  readonly from?: string;
  readonly make: (aside: string, onProgress: Progress | undefined) => Promise<MadeWay>;
}

interface MadeWay {
  readonly fetchedBytes: number | undefined;
  readonly entry: DeltaEntry;
}

/** @throws SignerError `target-unknown`, `artifact-missing`, `disk-full`, `too-many-targets`, `usage` */
export async function addDeltas(editing: Editing, request: DeltaRequest): Promise<DeltaResult[]> {
  const at = parseTargetPath(request.image);
  if (!at) throw new SignerError('name-invalid', `"${request.image}" is no target path.`);
  const role = channelRole(at.product, at.channel);
  const list = await nextTargets(editing, role);
  const listed = imagesIn(list);
  const image = listed.find(({ path }) => path === request.image);
  if (!image) throw new SignerError('target-unknown', `${role} lists no ${request.image}.`);
  await checkArtifact(editing.store, image);

  const older = await Promise.all(request.from.map(version => olderImages(editing, listed, image, version)));
  const ways = older.flat().map(old => patchWay(editing, image, old));
  if (request.chunks) ways.push(chunksWay(editing, image, newestBefore(listed, image)));

  const results: DeltaResult[] = [];
  const added: TargetsSigned['targets'] = {};
  for (const way of ways) {
    const path = formatTargetPath({ ...at, file: way.file });
    const before = Object.hasOwn(list.targets, path) ? list.targets[path] : undefined;
    const { target, ...told } = before
      ? { fetchedBytes: way.kind === 'patch' ? before.length : undefined, outcome: 'listed-before' as const }
      : await makeWay(editing, image, way, request.progressOf?.(way.file));
    if (target) added[path] = target;
    const from = way.from === undefined ? {} : { from: way.from };
    results.push({ path, kind: way.kind, ...from, imageBytes: image.lengthBytes, ...told });
  }
  // All of them or none: what fails takes along what was kept for the others.
  if (Object.keys(added).length > 0) await writeDraft(editing.store, role, unsigned(withTargets(list, added)));
  return results;
}

async function makeWay(
  { store, intake }: Editing,
  image: Image,
  way: Way,
  onProgress: Progress | undefined,
): Promise<Pick<DeltaResult, 'fetchedBytes' | 'outcome'> & { readonly target?: TargetEntry }> {
  const aside = asideOf(join(store.artifacts, 'delta'));
  try {
    const { fetchedBytes, entry } = await inRoom(store.artifacts, 0, () => way.make(aside, onProgress));
    if (fetchedBytes !== undefined && fetchedBytes > WORTH * image.lengthBytes)
      return { fetchedBytes, outcome: 'no-gain' };
    const { sha256, lengthBytes } = await intake.file({
      path: aside,
      judge: async artifact => artifact,
      besideBytes: LIMITS.targetsBytes,
    });
    const target = { length: lengthBytes, hashes: { sha256 }, custom: { ...entry } };
    return { fetchedBytes, outcome: 'listed', target };
  } finally {
    await rm(aside, { force: true });
  }
}

function patchWay({ store, now }: Editing, image: Image, old: Image): Way {
  const { version } = old.firmware;
  return {
    file: `${fileOf(image)}.from-${version}-${old.sha256.slice(0, 8)}.patch`,
    kind: 'patch',
    from: version,
    make: async (aside, onProgress) => {
      const [oldPath, newPath] = [artifactPath(store, old.sha256), artifactPath(store, image.sha256)];
      const { lengthBytes, head } = await makePatch({ oldPath, newPath, outPath: aside, onProgress });
      const entry = {
        ...common(image, now()),
        kind: 'patch' as const,
        format: PATCH_FORMAT,
        baseSha256: old.sha256,
        head,
      };
      return { fetchedBytes: lengthBytes, entry };
    },
  };
}

function chunksWay({ store, now }: Editing, image: Image, old: Image | undefined): Way {
  return {
    file: `${fileOf(image)}.chunks`,
    kind: 'chunks',
    make: async (aside, onProgress) => {
      const oldPath = old && artifactPath(store, old.sha256);
      const source = { path: artifactPath(store, image.sha256), lengthBytes: image.lengthBytes };
      const { bytes, sharedBytes } = await makeChunks(source, oldPath, onProgress);
      await writeFile(aside, bytes);
      const fetchedBytes = sharedBytes === undefined ? undefined : image.lengthBytes - sharedBytes + bytes.length;
      return { fetchedBytes, entry: { ...common(image, now()), kind: 'chunks', format: CHUNKS_FORMAT } };
    },
  };
}

function common({ sha256, firmware }: Image, at: Date) {
  const { component, version } = firmware;
  return { schema: DELTA_SCHEMA, component, version, imageSha256: sha256, releasedAt: instant(at) };
}

/** The images of a version that devices which may take the new one can run. */
async function olderImages(
  { store }: Editing,
  listed: readonly Image[],
  image: Image,
  version: string,
): Promise<Image[]> {
  const older = listed.filter(o => o.firmware.version === version && mayComeFrom(image, o));
  if (older.length === 0) {
    const { component } = image.firmware;
    throw new SignerError(
      'target-unknown',
      `The channel lists no older ${component} ${version} for the same hardware to come from.`,
    );
  }
  for (const old of older) await checkArtifact(store, old);
  return older;
}

function newestBefore(listed: readonly Image[], image: Image): Image | undefined {
  return listed.filter(old => mayComeFrom(image, old)).toSorted((a, b) => b.firmware.counter - a.firmware.counter)[0];
}

function mayComeFrom({ firmware: next }: Image, { firmware: old }: Image): boolean {
  const shared = old.hardware.some(id => next.hardware.includes(id));
  return shared && old.component === next.component && old.counter < next.counter;
}

function fileOf({ path }: Image): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
