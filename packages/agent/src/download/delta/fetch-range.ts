/** A part of an artifact from one source, by Range: no byte more than was asked for, each counted. */
import { hash } from 'node:crypto';
import { AgentError } from '../../agent-error.ts';
import type { HttpClient } from '../../net/http-client.ts';
import { type HttpLimits, LONG_BODY } from '../../net/http-limits.ts';
import { below } from '../../net/safe-url.ts';
import type { SignedArtifact } from '../../ports.ts';
import type { DownloadRecord } from '../download-record.ts';

export interface RangeSource {
  readonly http: HttpClient;
  readonly limits?: HttpLimits | undefined;
  readonly source: string;
  readonly placeOf: (artifact: SignedArtifact) => string;
  readonly record: DownloadRecord;
  readonly signal: AbortSignal;
}

/** Bytes `from` up to `to`, the latter excluded. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface OpenRange {
  /** Exactly so many of the next bytes. @throws AgentError artifact-length where the source ends before; network, data-budget */
  take(lengthBytes: number): Promise<Buffer>;
  hangUp(): Promise<void>;
}

const REDIRECTS = 3;

/** @returns undefined where the source does not have the artifact, or not in ranges @throws AgentError network */
export async function openRange(
  { http, limits = LONG_BODY, source, placeOf, record, signal }: RangeSource,
  artifact: SignedArtifact,
  { from, to }: Range,
): Promise<OpenRange | undefined> {
  const answer = await http.open({
    url: below(source, placeOf(artifact)),
    headers: { range: `bytes=${from}-${to - 1}` },
    limits,
    redirects: REDIRECTS,
    signal,
  });
  if (answer.status >= 500) {
    answer.hangUp();
    throw new AgentError('network', `${source}: HTTP ${answer.status}`);
  }
  if (!isThatRange(answer.status, answer.headers['content-range'], { from, to }, artifact.lengthBytes)) {
    answer.hangUp();
    return undefined;
  }
  const body = answer.body[Symbol.asyncIterator]();
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  return {
    async take(lengthBytes) {
      while (waitingBytes < lengthBytes) {
        const next = await body.next();
        if (next.done === true) throw new AgentError('artifact-length', `${source}: ended within ${artifact.path}`);
        await record.count(next.value.length);
        waiting.push(next.value);
        waitingBytes += next.value.length;
      }
      const all = Buffer.concat(waiting, waitingBytes);
      waiting = [all.subarray(lengthBytes)];
      waitingBytes -= lengthBytes;
      return all.subarray(0, lengthBytes);
    },
    async hangUp() {
      answer.hangUp();
      await body.return?.();
    },
  };
}

/**
 * The first bytes of an artifact, or all of it, once they are those that were signed.
 * @returns undefined where the source does not have them, or not in ranges
 * @throws AgentError artifact-hash; what `openRange` and `take` throw
 */
export async function fetchSigned(
  range: RangeSource,
  artifact: SignedArtifact,
  { lengthBytes, sha256 }: { readonly lengthBytes: number; readonly sha256: string },
  what: string,
): Promise<Buffer | undefined> {
  const opened = await openRange(range, artifact, { from: 0, to: lengthBytes });
  if (!opened) return undefined;
  try {
    const bytes = await opened.take(lengthBytes);
    requireHash(bytes, sha256, range, what);
    return bytes;
  } finally {
    await opened.hangUp();
  }
}

/** @throws AgentError artifact-hash */
export function requireHash(bytes: Buffer, sha256: string, { source }: RangeSource, what: string): void {
  if (hash('sha256', bytes, 'hex') === sha256) return;
  throw new AgentError('artifact-hash', `${source}: ${what} is not what was signed`);
}

/** RFC 9110 15.3.7; the whole may come as such. */
function isThatRange(status: number, said: string | undefined, { from, to }: Range, lengthBytes: number): boolean {
  if (status === 200) return from === 0 && to === lengthBytes;
  return status === 206 && (said === `bytes ${from}-${to - 1}/${lengthBytes}` || said === `bytes ${from}-${to - 1}/*`);
}
