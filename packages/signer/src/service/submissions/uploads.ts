/**
 * Artifacts on their way in: only what a signed list names, by hash and exact length, and only where the disk has room
 * for all of it beforehand. What breaks off or differs leaves nothing behind.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SignerError } from '../../signer-error.ts';
import type { Artifact } from '../../store/artifact.ts';
import { asideOf, sweepAside, syncFolder } from '../../store/durable-file.ts';
import { freeBytes, inRoom } from '../../store/room.ts';
import type { Hold } from '../lock/folder-claim.ts';

export interface Uploads {
  /** @throws SignerError `disk-full`, `artifact-length`, `artifact-hash` */
  readonly take: (artifact: Artifact, bytes: Readable) => Promise<void>;
  /** Moves it among the repository's artifacts, where it is not there yet. @throws SignerError `publication-incomplete` */
  readonly keep: (artifact: Artifact) => Promise<void>;
  /** Whether it has arrived, here or in the repository. */
  readonly has: (sha256: string) => boolean;
  /** Removes what no submission that is still open names. */
  readonly forget: (wanted: ReadonlySet<string>) => Promise<void>;
}

export interface UploadPlace {
  readonly dir: string;
  /** The repository's artifacts: on the same file system. */
  readonly artifacts: string;
  /** Left free for the repository's own work. */
  readonly reserveBytes: number;
  readonly hold: Hold;
}

export async function openUploads({ dir, artifacts, reserveBytes, hold }: UploadPlace): Promise<Uploads> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await sweepAside(dir);
  const here = new Set(await readdir(dir));
  const kept = new Set((await readdir(artifacts)).filter(name => !name.endsWith('.tmp')));
  /** Announced and not yet written: two large uploads at once must not both count on the same room. */
  let announcedBytes = 0;

  async function take({ sha256, lengthBytes }: Artifact, bytes: Readable): Promise<void> {
    const free = ((await freeBytes(dir)) ?? Number.POSITIVE_INFINITY) - announcedBytes - reserveBytes;
    if (free < lengthBytes) {
      throw new SignerError(
        'disk-full',
        `The disk has no room for ${lengthBytes} bytes: ${Math.max(0, free)} are left for artifacts.`,
      );
    }
    announcedBytes += lengthBytes;
    const aside = asideOf(join(dir, 'incoming'));
    try {
      const settle = (written: number) => void (announcedBytes -= written);
      const found = await inRoom(dir, lengthBytes, () => write(aside, bytes, lengthBytes, settle));
      if (found !== sha256) throw new SignerError('artifact-hash', `The bytes have the hash ${found}.`);
      await rename(aside, join(dir, sha256));
      await syncFolder(dir);
      here.add(sha256);
    } finally {
      await rm(aside, { force: true });
    }
  }

  async function keep({ sha256, lengthBytes }: Artifact): Promise<void> {
    const place = join(artifacts, sha256);
    if (here.has(sha256)) {
      await rename(join(dir, sha256), place);
      here.delete(sha256);
      await syncFolder(artifacts);
    }
    const size = await stat(place).then(
      s => s.size,
      () => undefined,
    );
    if (size !== lengthBytes) {
      throw new SignerError('publication-incomplete', `The artifact ${sha256} has not arrived yet. Upload it first.`);
    }
    kept.add(sha256);
  }

  return {
    take,
    keep,
    has: sha256 => here.has(sha256) || kept.has(sha256),
    forget: async wanted => {
      for (const name of [...here].filter(n => !wanted.has(n))) {
        await hold(() => rm(join(dir, name), { force: true }));
        here.delete(name);
      }
    },
  };
}

/** @param settled is told what of the announced bytes is no longer to be expected @returns the hash */
async function write(
  path: string,
  bytes: Readable,
  lengthBytes: number,
  settled: (writtenBytes: number) => void,
): Promise<string> {
  const digest = createHash('sha256');
  let length = 0;
  const file = await open(path, 'wx', 0o644);
  try {
    await pipeline(bytes, async (source: AsyncIterable<Buffer>) => {
      for await (const piece of source) {
        if (length + piece.length > lengthBytes) {
          throw new SignerError('artifact-length', `More than the ${lengthBytes} bytes came that the list names.`);
        }
        digest.update(piece);
        await file.writeFile(piece);
        length += piece.length;
        settled(piece.length);
      }
    });
    if (length !== lengthBytes) {
      throw new SignerError('artifact-length', `${length} bytes came; the list names ${lengthBytes}.`);
    }
    await file.sync();
  } finally {
    settled(lengthBytes - length);
    await file.close();
  }
  return digest.digest('hex');
}
