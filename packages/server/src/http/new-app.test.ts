import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { newApp } from './new-app.ts';

it('answers, while it ends, what is at work and what still comes over that connection, and closes the connection', async () => {
  const logged: string[] = [];
  const refused: string[] = [];
  const log = pino({ level: 'info' }, { write: line => void logged.push(line) });
  const limits = { bodyBytes: 1000, requestSeconds: 30, connections: 10 };
  const app = newApp(log, limits, { https: null, refused: code => refused.push(code) });
  app.post('/work', async request => request.body);
  app.get('/work', async () => 'more');
  await app.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  const answers = text(socket);

  const begun = once(app.server, 'request');
  socket.write('POST /work HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n{"a"');
  await begun;
  const closed = app.close();
  socket.write(':1}GET /work HTTP/1.1\r\nhost: a\r\n\r\n');
  await closed;

  const [first = '', second = ''] = (await answers).split(/(?=HTTP\/1\.1 )/);
  expect(first).toMatch(/^HTTP\/1\.1 200 [^]*\{"a":1\}$/);
  expect(second).toMatch(/^HTTP\/1\.1 200 [^]*more$/);
  expect(second).toMatch(/\r\nconnection: close\r\n/i);
  expect(refused).toEqual([]);
  // No fault: an operator who restarts a server is told of none.
  expect(logged.filter(line => line.includes('"level":50'))).toEqual([]);
});
