/** The distribution server inside the test's own process, on a database of the run, trusting a given root. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type RunningServer, startServer, UNHURRIED } from '@tidegate/server';
import { pino } from 'pino';
import { type AdminClient, adminClient } from './admin-client.ts';
import { tempFolder } from './temp-folder.ts';
import type { TlsFiles } from './tls-files.ts';

export interface OwnServer extends AsyncDisposable {
  readonly server: RunningServer;
  readonly admin: AdminClient;
  readonly adminToken: string;
  /** Every line of its log so far. */
  readonly log: () => string;
}

export interface OwnServerOptions {
  readonly databaseUrl: string;
  /** 30 unless given. */
  readonly databaseAnswerSeconds?: number;
  readonly root: Uint8Array;
  /** PEM files of the device listener; plain HTTP where absent. */
  readonly tls?: TlsFiles;
  /** The system's where absent. */
  readonly clock?: Clock;
}

export async function startOwnServer(options: OwnServerOptions): Promise<OwnServer> {
  const folder = await tempFolder('tidegate-server');
  const trustedRoot = join(folder.path, '1.root.json');
  await writeFile(trustedRoot, options.root);
  const lines: string[] = [];
  const server = await startServer(
    {
      data: join(folder.path, 'data'),
      host: '127.0.0.1',
      port: 0,
      adminHost: '127.0.0.1',
      adminPort: 0,
      databaseUrl: options.databaseUrl,
      databaseWaitSeconds: 0,
      databaseAnswerSeconds: options.databaseAnswerSeconds ?? 30,
      redisPrefix: 'tidegate',
      trustedRoot,
      tlsCert: options.tls?.certificate,
      tlsKey: options.tls?.key,
      logLevel: 'debug',
      rollouts: { gateTickSeconds: 60, reportRetentionDays: 1 },
      fleet: { ...UNHURRIED, pollSeconds: 60 },
    },
    pino({ level: 'debug' }, { write: line => void lines.push(line) }),
    undefined,
    options.clock,
  );
  const adminToken = (await readFile(join(folder.path, 'data', 'admin-token'), 'utf8')).trim();
  return {
    server,
    adminToken,
    admin: adminClient(server.adminUrl, adminToken),
    log: () => lines.join(''),
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
