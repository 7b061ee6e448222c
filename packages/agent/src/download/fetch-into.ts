/** One source's try to complete an artifact: asks for what is missing, takes no byte more than was signed. */
import { AgentError } from '../agent-error.ts';
import type { HttpAnswer, HttpClient } from '../net/http-client.ts';
import { type HttpLimits, LONG_BODY } from '../net/http-limits.ts';
import { httpRefusal } from '../net/http-refusal.ts';
import { below } from '../net/safe-url.ts';
import type { ArtifactSink, SignedArtifact } from '../ports.ts';
import type { DownloadRecord } from './download-record.ts';
import { readRangeAnswer } from './range-answer.ts';

export interface FetchInto {
  readonly http: HttpClient;
  readonly clock: { now(): number };
  readonly limits?: HttpLimits | undefined;
  readonly source: string;
  /** Where the artifact lies below the source. */
  readonly place: string;
  readonly target: SignedArtifact;
  readonly part: ArtifactSink;
  readonly record: DownloadRecord;
  readonly signal: AbortSignal;
  readonly onBytes: (received: number) => void;
}

/** Redirects of a server to its store or CDN. */
const REDIRECTS = 3;

/** @throws AgentError network, artifact-length, data-budget, stopped; the part keeps what came */
export async function fetchInto(fetch: FetchInto): Promise<void> {
  const { part, target } = fetch;
  if (part.size() === target.lengthBytes) return;
  const answer = await ask(fetch);
  const meaning = readRangeAnswer(answer.status, answer.headers, {
    offset: part.size(),
    lengthBytes: target.lengthBytes,
  });
  switch (meaning.kind) {
    case 'restart':
      answer.hangUp();
      await part.empty();
      return fetchInto(fetch);
    case 'length-lie':
      answer.hangUp();
      throw new AgentError('artifact-length', `${fetch.source}: ${meaning.detail}`);
    case 'refused':
      answer.hangUp();
      throw httpRefusal(fetch.source, { ...answer, body: Buffer.alloc(0) }, fetch.clock.now());
    case 'body':
      if (meaning.at === 0) await part.empty();
      fetch.record.setSource(fetch.source, strongTag(answer));
      return takeBody(fetch, answer);
  }
}

function ask({ http, limits, source, place, part, record, signal }: FetchInto): Promise<HttpAnswer> {
  const etag = record.etagOf(source);
  // The name holds the hash, so bytes of another source may be added to as well; the whole is hashed in any case.
  const range = { range: `bytes=${part.size()}-`, ...(etag === undefined ? {} : { 'if-range': etag }) };
  return http.open({
    url: below(source, place),
    headers: part.size() === 0 ? {} : range,
    limits: limits ?? LONG_BODY,
    redirects: REDIRECTS,
    signal,
  });
}

async function takeBody({ part, record, target, source, onBytes }: FetchInto, answer: HttpAnswer): Promise<void> {
  for await (const chunk of answer.body) {
    await record.count(chunk.length);
    await part.append(chunk);
    onBytes(part.size());
  }
  // The body ended as its sender wanted: this is no broken line.
  if (part.size() < target.lengthBytes)
    throw new AgentError('artifact-length', `${source}: ended after ${part.size()} of ${target.lengthBytes} bytes`);
}

/** Weak tags do not promise the same bytes (RFC 9110 8.8.1). */
function strongTag({ headers }: HttpAnswer): string | undefined {
  const etag = headers['etag'];
  return etag !== undefined && etag.length <= 256 && etag.startsWith('"') ? etag : undefined;
}
