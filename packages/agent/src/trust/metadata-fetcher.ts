/**
 * What tuf-js fetches with: into memory, each kind of file under a bound of its own whatever the snapshot says, and no
 * longer than the shared limits allow. Remembers the last fault, since tuf-js turns faults into text on their way up.
 */
import { LIMITS } from '@tidegate/protocol';
import type { Fetcher } from 'tuf-js';
import { DownloadHTTPError } from 'tuf-js/dist/error.js';
import { AgentError } from '../agent-error.ts';
import type { HttpClient } from '../net/http-client.ts';
import { type HttpLimits, SHORT_ANSWER } from '../net/http-limits.ts';
import { httpRefusal } from '../net/http-refusal.ts';
import { requireShape } from './metadata-shape.ts';

export interface MetadataSource {
  readonly http: HttpClient;
  readonly clock: { now(): number };
  readonly signal: AbortSignal | undefined;
  readonly limits?: HttpLimits | undefined;
}

/** @param onFault told of each fault before it is thrown */
export function createMetadataFetcher(source: MetadataSource, onFault: (fault: unknown) => void): Fetcher {
  const fetchBytes = async (url: string, maxLength: number): Promise<Buffer> => {
    const name = url.slice(url.lastIndexOf('/') + 1);
    const answer = await source.http.bytes(
      { url, signal: source.signal, limits: source.limits ?? SHORT_ANSWER },
      { maxBytes: Math.min(maxLength, maxBytesOf(name)), tooLong: 'metadata-too-large' },
    );
    // 403 and 404 end the walk of roots (TUF 5.3.3): tuf-js knows them by this error alone.
    if (answer.status === 403 || answer.status === 404)
      throw new DownloadHTTPError(`${name}: HTTP ${answer.status}`, answer.status);
    if (answer.status !== 200) throw httpRefusal(name, answer, source.clock.now());
    requireShape(name, answer.body);
    return answer.body;
  };
  return {
    downloadBytes: async (url, maxLength) => {
      try {
        return await fetchBytes(url, maxLength);
      } catch (fault) {
        onFault(fault);
        throw fault;
      }
    },
    downloadFile: () => Promise.reject(new AgentError('internal', 'artifacts do not come this way')),
  };
}

function maxBytesOf(name: string): number {
  if (name === 'timestamp.json') return LIMITS.timestampBytes;
  if (/^\d+\.root\.json$/.test(name)) return LIMITS.rootBytes;
  if (/^\d+\.snapshot\.json$/.test(name)) return LIMITS.snapshotBytes;
  return LIMITS.targetsBytes;
}
