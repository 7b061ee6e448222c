/**
 * A bounded load of requests that each come over a TLS connection of their own, as devices come that poll seldom. The
 * handshake is a full one, or resumes the last session that this connection's place was given; one of the other kind than
 * was asked for fails the load, as does an answer that is not 200.
 */
import { connect } from 'node:tls';
import type { Load } from './load.ts';

export type Handshake = 'full' | 'resumed';

export interface TlsLoad {
  readonly port: number;
  readonly path: string;
  /** PEM of who vouches for the server. */
  readonly ca: string;
  readonly handshake: Handshake;
  readonly requests: Load['requests'];
  /** At one time. */
  readonly connections: number;
  /** In all. */
  readonly count: number;
}

export async function runTlsLoad(load: TlsLoad): Promise<void> {
  const counter = { next: 0 };
  const place = async () => {
    let session = load.handshake === 'full' ? undefined : await visit(load, 0, undefined);
    while (counter.next < load.count) {
      const given = await visit(load, counter.next++, session);
      if (session !== undefined) session = given;
    }
  };
  await Promise.all(Array.from({ length: load.connections }, place));
}

/** One connection, one request. @returns the session to resume next */
function visit(load: TlsLoad, index: number, session: Buffer | undefined): Promise<Buffer> {
  const one = load.requests[index % load.requests.length];
  if (!one) throw new Error('no requests to send');
  return new Promise((resolve, reject) => {
    const known = session === undefined ? {} : { session };
    const socket = connect({ host: '127.0.0.1', port: load.port, ca: load.ca, minVersion: 'TLSv1.3', ...known });
    const given: Buffer[] = [];
    const answer: string[] = [];
    socket.on('session', (ticket: Buffer) => given.push(ticket));
    socket.setEncoding('latin1').on('data', (text: string) => answer.push(text));
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      if (socket.isSessionReused() !== (session !== undefined))
        reject(new Error('another handshake than was asked for'));
      socket.write(requestText(load.path, one));
    });
    socket.once('close', () => {
      const status = answer.join('').slice(9, 12);
      const next = given.at(-1);
      if (status !== '200') reject(new Error(`${load.path} answered ${status || 'nothing'}`));
      else if (!next) reject(new Error('no session was given to resume'));
      else resolve(next);
    });
  });
}

function requestText(path: string, { body, headers }: Load['requests'][number]): string {
  const all = {
    host: '127.0.0.1',
    connection: 'close',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
