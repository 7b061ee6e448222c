import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { exchange } from './exchange.ts';

test('a file that cannot be read is told as that, and nothing is sent', async () => {
  const asked: string[] = [];
  await using server = createServer(request => asked.push(request.url ?? '')).listen(0, '127.0.0.1');
  await new Promise(done => server.once('listening', done));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const body = { path: '/nowhere/image.bin', lengthBytes: 10 };
  await expect(exchange({ method: 'PUT', url, body, idleSeconds: 5, maxBytes: 100 })).rejects.toMatchObject({
    code: 'file-unreadable',
    message: expect.stringContaining('/nowhere/image.bin') as string,
  });
  expect(asked).toEqual([]);
});
