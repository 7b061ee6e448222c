/** Tests: the process of the service that a device runs, answered for by a small HTTP server. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Service } from '../service/service.ts';

export interface TestService {
  readonly url: string;
  readonly control: Service;
  end(): Promise<void>;
}

/** Stands for the service's process: it outlives the agent, and answers with the status and version in its slot. */
export async function startTestService(): Promise<TestService> {
  const process = { holds: '503 nothing' };
  const http = createServer((_request, response) => {
    const [status = '503', version] = process.holds.split(' ');
    response.writeHead(Number(status), { connection: 'close' }).end(version);
  }).listen(0, '127.0.0.1');
  await new Promise(resolve => http.once('listening', resolve));
  const { port } = http.address() as AddressInfo;
  const control: Service = {
    async start({ folder }) {
      process.holds = await readFile(join(folder, 'app.bin'), 'utf8');
    },
    async stop() {
      process.holds = '503 nothing';
    },
    leave: async () => undefined,
    deaths: () => 0,
  };
  const end = () =>
    new Promise<void>(resolve => {
      http.close(() => resolve());
      http.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}/`, control, end };
}
