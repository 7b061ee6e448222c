/**
 * An attacker who owns the distribution server: sits at its address, knows all it knows, and answers as it likes.
 * What it does not twist it hands to the honest server behind it, so that devices can tell no difference.
 */
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type CheckInAnswer, DEVICE_API, METADATA_BASE, type Offer, TARGETS_BASE } from '@tidegate/protocol';

/** Bytes on their way to a device, with the length that is told of them. */
export interface Body {
  readonly length: number;
  readonly bytes: AsyncIterable<Buffer>;
}

/** What the attacker does to what passes by; what is absent passes as it is. */
export interface Attack {
  /** The offer for every device that checks in. */
  readonly offer?: Offer | ((honest: CheckInAnswer) => Offer | null);
  /** Metadata by file name, instead of what the server would send; null: 404. */
  readonly metadata?: ReadonlyMap<string, Uint8Array | null>;
  /** Twists the bytes of an artifact. */
  readonly artifact?: (honest: Body) => Body;
  /** Swallows reports: says that they are kept, and keeps none. */
  readonly swallowReports?: boolean;
}

export interface EvilServer extends AsyncDisposable {
  readonly url: string;
  /** From now on does this instead of what it did before. */
  attack(attack: Attack): void;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 1024 * 1024;

/** Flips one bit in the middle, however large the artifact is. */
export function flipMiddle({ length, bytes }: Body): Body {
  const middle = Math.floor(length / 2);
  const twist = async function* () {
    let position = 0;
    for await (const chunk of bytes) {
      const at = middle - position;
      position += chunk.length;
      if (at >= 0 && at < chunk.length) {
        const copy = Buffer.from(chunk);
        copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
        yield copy;
      } else yield chunk;
    }
  };
  return { length, bytes: twist() };
}

/** Other bytes, of this length. */
export function otherBytes(length: number): Body {
  return { length, bytes: Readable.from([Buffer.alloc(length, 7)]) };
}

/** @param upstream URL of the honest device listener @param port where devices expect the server; 0 for any */
export async function startEvilServer(upstream: string, port = 0): Promise<EvilServer> {
  const plan: { attack: Attack } = { attack: {} };
  const server = createServer((request, answer) => {
    handle(upstream, plan.attack, request, answer).catch((error: unknown) => {
      if (!answer.headersSent) answer.writeHead(502, { 'content-type': 'application/problem+json' });
      answer.end(JSON.stringify({ title: String(error), status: 502 }));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const close = () =>
    new Promise<void>(done => {
      server.close(() => done());
      server.closeAllConnections();
    });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    attack: attack => {
      plan.attack = attack;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function handle(
  upstream: string,
  attack: Attack,
  request: IncomingMessage,
  answer: ServerResponse,
): Promise<void> {
  const path = request.url ?? '/';
  const body = await read(request);
  const forged = forge(attack, path);
  if (forged !== undefined) {
    if (forged === null) answer.writeHead(404, { 'cache-control': 'no-store' }).end();
    else answer.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(forged);
    return;
  }
  if (attack.swallowReports && path === `${DEVICE_API}/reports`) {
    const { reports } = JSON.parse(body.toString()) as { reports: { id: string }[] };
    sendJson(answer, { acknowledged: reports.map(r => r.id) });
    return;
  }
  const honest = await forward(upstream, request, body, attack);
  if (attack.offer && honest.status === 200 && path === `${DEVICE_API}/check-in`) {
    const said = JSON.parse((await read(honest.body)).toString()) as CheckInAnswer;
    sendJson(answer, { ...said, offer: typeof attack.offer === 'function' ? attack.offer(said) : attack.offer });
    return;
  }
  if (attack.artifact && path.startsWith(TARGETS_BASE) && honest.status < 300) {
    const honestBody = { length: Number(honest.headers['content-length']), bytes: honest.body };
    const { length, bytes } = attack.artifact(honestBody);
    answer.writeHead(honest.status, { ...honest.headers, 'content-length': length });
    await pipeline(bytes, answer);
    return;
  }
  answer.writeHead(honest.status, honest.headers);
  await pipeline(honest.body, answer);
}

function forge(attack: Attack, path: string): Buffer | null | undefined {
  if (!path.startsWith(`${METADATA_BASE}/`)) return undefined;
  const bytes = attack.metadata?.get(path.slice(METADATA_BASE.length + 1));
  return bytes ? Buffer.from(bytes) : bytes;
}

function sendJson(answer: ServerResponse, value: unknown): void {
  const bytes = Buffer.from(JSON.stringify(value));
  answer.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes);
}

interface Honest {
  readonly status: number;
  readonly headers: Record<string, string | string[]>;
  readonly body: IncomingMessage;
}

async function forward(upstream: string, request: IncomingMessage, body: Buffer, attack: Attack): Promise<Honest> {
  const { host: _host, connection: _connection, 'content-length': _length, range, ...headers } = request.headers;
  // A twisted artifact is always sent whole: the attacker would not know which part to twist.
  const kept = attack.artifact || range === undefined ? headers : { ...headers, range };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const onward = httpRequest(
      `${upstream}${request.url ?? '/'}`,
      {
        method: request.method ?? 'GET',
        headers: { ...kept, ...(body.length > 0 ? { 'content-length': body.length } : {}) },
      },
      resolve,
    );
    onward.once('error', reject);
    onward.end(body);
  });
  const { connection: _c, 'keep-alive': _k, 'transfer-encoding': _t, ...rest } = response.headers;
  const sent = Object.fromEntries(Object.entries(rest).filter(([, v]) => v !== undefined)) as Honest['headers'];
  return { status: response.statusCode ?? 502, headers: sent, body: response };
}

async function read(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new Error('the body is larger than this server takes');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
