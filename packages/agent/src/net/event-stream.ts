/**
 * Holds one event stream open until it ends. What comes over it says no more than that it is worth checking in, and how
 * soon; whatever else it says is passed over.
 */
import { CHECK_IN_EVENT, CheckInEvent, DEVICE_API, EVENT_SECONDS_MAX, jsonParser } from '@tidegate/protocol';
import { AgentError } from '../agent-error.ts';
import type { Clock } from '../clock.ts';
import { eventLines } from './event-lines.ts';
import type { HttpClient } from './http-client.ts';
import { EVENT_STREAM } from './http-limits.ts';
import { httpRefusal } from './http-refusal.ts';
import { below } from './safe-url.ts';

export interface EventsRequest {
  readonly http: HttpClient;
  readonly baseUrl: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly accessToken: string;
  readonly onCheckIn: (withinSeconds: number) => void;
  readonly signal: AbortSignal;
}

const REFUSAL_BYTES_MAX = 4096;
const parseEvent = jsonParser(CheckInEvent);

/** @returns milliseconds until the server wants to be asked again. @throws AgentError network, stopped */
export async function followEvents(request: EventsRequest): Promise<number | undefined> {
  const { http, clock, accessToken, onCheckIn, signal } = request;
  const answer = await http.open({
    url: below(request.baseUrl, `${DEVICE_API}/events`),
    headers: { accept: 'text/event-stream', authorization: `Bearer ${accessToken}` },
    limits: EVENT_STREAM,
    signal,
  });
  if (answer.status !== 200) {
    const body = await upTo(REFUSAL_BYTES_MAX, answer.body);
    throw httpRefusal('events', { status: answer.status, headers: answer.headers, body }, clock.now());
  }
  const read = eventLines();
  const text = new TextDecoder();
  let retryMs: number | undefined;
  for await (const piece of answer.body) {
    for (const event of lines(read, text.decode(piece, { stream: true }))) {
      if (event.kind === 'retry') retryMs = Math.min(event.ms, EVENT_SECONDS_MAX * 1000);
      else if (event.name === CHECK_IN_EVENT) {
        const parsed = parseEvent(event.data);
        if (parsed.ok) onCheckIn(parsed.value.withinSeconds);
      }
    }
  }
  return retryMs;
}

function lines(read: ReturnType<typeof eventLines>, text: string) {
  try {
    return read(text);
  } catch (error) {
    throw new AgentError('network', 'events: a line has no end', { cause: error });
  }
}

async function upTo(maxBytes: number, body: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body) {
    pieces.push(piece);
    length += piece.length;
    if (length > maxBytes) break;
  }
  return Buffer.concat(pieces);
}
