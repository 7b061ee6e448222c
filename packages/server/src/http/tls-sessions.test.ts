import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type SecureVersion, type Server } from 'node:tls';
import { expect, it, onTestFinished, vi } from 'vitest';
import { TEST_EXTENSIONS, testAuthority, testCertificate } from '../testing/test-certificate.ts';
import { renewTicketKeys, TLS_SESSIONS } from './tls-sessions.ts';

const authority = testAuthority('Update CA');
const { pem: cert, keyPem: key } = testCertificate({
  name: '127.0.0.1',
  issuer: authority,
  extensions: [TEST_EXTENSIONS.digitalSignature, TEST_EXTENSIONS.serverAuth, TEST_EXTENSIONS.loopback],
});
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

async function listening(): Promise<Server> {
  // Client certificates are asked for, as the device listener does.
  const server = createServer({ cert, key, requestCert: true, rejectUnauthorized: false, ...TLS_SESSIONS });
  server.on('secureConnection', socket => socket.end('hello'));
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return server;
}

/** One connection to its end, so that what TLS 1.3 hands out after its handshake has come. */
async function visit(server: Server, version: SecureVersion, session?: Buffer) {
  const { port } = server.address() as AddressInfo;
  const versions = { minVersion: version, maxVersion: version };
  const known = session === undefined ? {} : { session };
  const socket = connect({ host: '127.0.0.1', port, ca: authority.pem, ...versions, ...known });
  let given = Buffer.alloc(0);
  socket.on('session', (ticket: Buffer) => (given = Buffer.from(ticket)));
  socket.resume();
  await once(socket, 'secureConnect');
  const resumed = socket.isSessionReused();
  await once(socket, 'close');
  return { resumed, session: given };
}

it.each(VERSIONS)('lets a device resume over %s, for a day', async version => {
  const server = await listening();
  const first = await visit(server, version);
  expect(first.resumed).toBe(false);
  expect((await visit(server, version, first.session)).resumed).toBe(true);
  // RFC 5077 3.3, RFC 8446 4.6.1: how long the server takes the ticket, [9] of OpenSSL's SSL_SESSION. 0x015180 is a day.
  expect(first.session.includes(Buffer.from('a9050203015180', 'hex'))).toBe(true);
});

it.each(VERSIONS)('takes no ticket over %s of a key that was forgotten, and gives a new one', async version => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const server = await listening();
  renewTicketKeys(server);
  const first = await visit(server, version);
  vi.advanceTimersByTime(86_399_000);
  expect((await visit(server, version, first.session)).resumed).toBe(true);
  vi.advanceTimersByTime(1000);
  const second = await visit(server, version, first.session);
  expect(second.resumed).toBe(false);
  expect((await visit(server, version, second.session)).resumed).toBe(true);
});

it('leaves no timer behind when the server ends', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const server = createServer({ cert, key });
  renewTicketKeys(server);
  expect(vi.getTimerCount()).toBe(1);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await new Promise(done => server.close(done));
  expect(vi.getTimerCount()).toBe(0);
});
