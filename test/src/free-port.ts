/** Ports for processes that must be told theirs before they start. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Free ports of the loopback address, all different: each is held until all are known. */
export async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, listen));
  const ports = held.map(server => (server.address() as AddressInfo).port);
  await Promise.all(held.map(server => new Promise(done => server.close(done))));
  return ports;
}

function listen(): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
