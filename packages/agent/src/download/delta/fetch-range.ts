/** A part of an artifact from one source, by Range: no byte more than was asked for, each counted. */
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

/** RFC 9110 15.3.7; the whole may come as such. */
function isThatRange(status: number, said: string | undefined, { from, to }: Range, lengthBytes: number): boolean {
  if (status === 200) return from === 0 && to === lengthBytes;
  return status === 206 && (said === `bytes ${from}-${to - 1}/${lengthBytes}` || said === `bytes ${from}-${to - 1}/*`);
}
