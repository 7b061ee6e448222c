/**
 * Brings the bytes of accepted targets into the network's folder, or straight to where an installer wants them: resumed
 * after breaks and power cuts, hashed on the way, bounded in length, data and time. A file appears under its hash only
 * when it is whole and right.
 */
import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { contentPath, TARGETS_BASE } from '@tidegate/protocol';
import { AgentError, asAgentError } from '../agent-error.ts';
import type { Clock } from '../clock.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import type { HttpClient } from '../net/http-client.ts';
import type { HttpLimits } from '../net/http-limits.ts';
import type { ArtifactSink, Downloader, SignedArtifact } from '../ports.ts';
import { takeShortcuts } from './delta/take-shortcuts.ts';
import { fileHash } from './file-hash.ts';
import { openDownloadRecord } from './download-record.ts';
import { type FetchInto, fetchInto } from './fetch-into.ts';
import { openPartFile } from './part-file.ts';
import { throttledProgress } from './progress.ts';

export interface DownloaderOptions {
  /** Belongs to the network part. */
  readonly netDir: string;
  /** Bases of artifacts, in the order of trying: the update server, then mirrors. */
  readonly sources: readonly string[];
  /** Where an artifact lies below each of them; as the update server has it (`/tuf/targets`) unless set. */
  readonly placeOf?: (target: SignedArtifact) => string;
  readonly http: HttpClient;
  readonly files: DurableFiles;
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>;
  readonly limits?: HttpLimits;
}

/** Left free beside what is fetched, for journal and floors. */
const SPARE_BYTES = 1024 * 1024;

export function createDownloader(options: DownloaderOptions): Downloader {
  const { files, clock, sources, placeOf = serverPlace } = options;
  const folder = join(options.netDir, 'downloads');

  const fetchFrom = async (fetch: FetchInto): Promise<void> => {
    const resumed = fetch.part.size() > 0;
    await fetchInto(fetch);
    if ((await fetch.part.seal()) === fetch.target.sha256) return;
    await fetch.part.empty();
    // Some of the bytes were another's, or from before a power cut: this source has not been judged yet.
    if (resumed) return fetchFrom(fetch);
    throw new AgentError('artifact-hash', `${fetch.source}: the bytes are not those that were signed`);
  };

  /** Each source in turn; a second one that sends something wrong ends it. */
  const fetchAny = async (fetch: Omit<FetchInto, 'source'>): Promise<void> => {
    const failures: AgentError[] = [];
    for (const source of sources) {
      try {
        await fetchFrom({ ...fetch, source });
        return;
      } catch (error) {
        const failure = asAgentError(error);
        if (failure.code !== 'network' && !isLie(failure)) throw failure;
        if (isLie(failure)) await fetch.part.empty();
        failures.push(failure);
        if (failures.filter(isLie).length === 2) break;
      }
    }
    throw mostTelling(failures);
  };

  return {
    async download(target, { signal, onProgress, openSink, shortcuts }) {
      const whole = join(folder, target.sha256);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      if (!openSink && (await isWhole(files, whole, target))) return whole;
      const part = await (openSink?.() ?? openPartFile(`${whole}.part`, target.lengthBytes));
      const record = await openDownloadRecord(files, `${whole}.json`, target.lengthBytes);
      try {
        if (!openSink) await requireRoom(folder, target.lengthBytes - part.size());
        if (record.budgetLeft() <= 0) throw new AgentError('data-budget', `the budget for ${target.path} is used up`);
        const onBytes = throttledProgress(clock, target.lengthBytes, onProgress);
        const { http, limits } = options;
        if (shortcuts) {
          const rangeOf = (source: string) => ({ http, limits, source, placeOf, record, signal });
          await takeShortcuts({ ...shortcuts, target, sources, rangeOf, sink: part, record, onBytes });
        }
        await fetchAny({ http, clock, limits, place: placeOf(target), target, part, record, signal, onBytes });
      } catch (error) {
        throw asAgentError(error);
      } finally {
        await settle(part, () => record.save());
      }
      if (openSink) return part.path;
      await files.rename(part.path, whole);
      return whole;
    },

    async keepOnly(sha256s) {
      for (const name of await files.list(folder)) {
        if (!sha256s.some(sha256 => name.startsWith(sha256))) await files.remove(join(folder, name));
      }
    },
  };
}

function serverPlace({ path, sha256 }: SignedArtifact): string {
  return `${TARGETS_BASE}/${contentPath(path, sha256)}`;
}

async function settle(part: ArtifactSink, save: () => Promise<void>): Promise<void> {
  try {
    await part.close();
  } finally {
    await save();
  }
}

async function requireRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < bytes + SPARE_BYTES)
    throw new AgentError('disk-full', `${bytes} bytes are to come, ${bavail * bsize} are free in ${folder}`);
}

/** A file of that name may be from before: it counts only by its hash. */
async function isWhole(files: DurableFiles, path: string, target: SignedArtifact): Promise<boolean> {
  const found = await fileHash(path);
  if (found === undefined || found === target.sha256) return found !== undefined;
  await files.remove(path);
  return false;
}

function isLie({ code }: AgentError): boolean {
  return code === 'artifact-hash' || code === 'artifact-length';
}

function mostTelling(failures: readonly AgentError[]): AgentError {
  const telling = failures.find(isLie) ?? failures[0];
  if (!telling) return new AgentError('network', 'no source of artifacts is configured');
  const { code, message, retryAfterSeconds } = telling;
  return new AgentError(code, message, {
    retryAfterSeconds,
    sources: failures.filter(f => (isLie(telling) ? isLie(f) : f.code === code)).length,
    cause: telling,
  });
}
