/** The distribution server as a process of its own, as an operator runs it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FleetConfig, UNHURRIED } from '@tidegate/server';
import { stringify } from 'yaml';
import { type AdminClient, adminClient } from './admin-client.ts';
import { type Child, startChild } from './child.ts';
import type { TlsFiles } from './tls-files.ts';

const SERVER_CLI = fileURLToPath(import.meta.resolve('@tidegate/server/cli'));

export interface ServerPlan {
  readonly data: string;
  readonly trustedRoot: string;
  /** 0 picks a free one. */
  readonly port?: number;
  readonly adminPort?: number;
  /** Of the device listener; plain HTTP where absent. */
  readonly tls?: TlsFiles;
  readonly pollSeconds: number;
  /** How much may be asked of it; as good as everything where absent. */
  readonly fleet?: Partial<FleetConfig>;
  readonly gateTickSeconds: number;
  /** The embedded PostgreSQL where absent. */
  readonly databaseUrl?: string;
  /** PostgreSQL carries the timed work where absent. */
  readonly redis?: { readonly url: string; readonly prefix: string };
  /** Where nginx stands before it: the location that shows the artifact folder. */
  readonly artifactRedirect?: string;
  /** As many and as fast as they come where absent. */
  readonly downloads?: { readonly downloadBytesPerSecond?: number; readonly deviceBytesPerSecond: number };
  /** Its program; where absent, its source. */
  readonly program?: string;
  /** A module that is loaded before it. */
  readonly preload?: string;
}

export interface ServerProcess {
  readonly deviceUrl: string;
  readonly adminUrl: string;
  readonly adminToken: string;
  readonly admin: AdminClient;
  readonly child: Child;
}

interface Ready {
  readonly deviceUrl: string;
  readonly adminUrl: string;
}

export async function startServerProcess(plan: ServerPlan): Promise<ServerProcess> {
  const configFile = `${plan.data}.yaml`;
  const { pollSeconds, gateTickSeconds, artifactRedirect, downloads } = plan;
  const fleet = { ...UNHURRIED, pollSeconds, ...plan.fleet };
  await writeFile(configFile, stringify({ ...fleet, ...downloads, gateTickSeconds, artifactRedirect }));
  const ports = ['--port', String(plan.port ?? 0), '--admin-port', String(plan.adminPort ?? 0)];
  const tls = plan.tls ? ['--tls-cert', plan.tls.certificate, '--tls-key', plan.tls.key] : [];
  const child = await startChild({
    args: [
      ...(plan.preload === undefined ? [] : ['--import', plan.preload]),
      plan.program ?? SERVER_CLI,
      '--config',
      configFile,
      '--data',
      plan.data,
      '--trusted-root',
      plan.trustedRoot,
      ...ports,
      ...tls,
    ],
    logFile: `${plan.data}.log`,
    env: {
      ...(plan.databaseUrl === undefined ? {} : { DATABASE_URL: plan.databaseUrl }),
      // Empty is unset: what the run itself was given must not reach a server that is to have none.
      REDIS_URL: plan.redis?.url ?? '',
      TIDEGATE_REDIS_PREFIX: plan.redis?.prefix ?? '',
    },
    isReady: line => ready(line) !== undefined,
    readyWithinMs: 120_000,
  });
  const urls = ready(child.readyLine);
  if (!urls) throw new Error(`the server's ready line cannot be read: ${child.readyLine}`);
  const adminToken = (await readFile(join(plan.data, 'admin-token'), 'utf8')).trim();
  return { ...urls, adminToken, admin: adminClient(urls.adminUrl, adminToken), child };
}

function ready(line: string): Ready | undefined {
  if (!line.startsWith('{')) return undefined;
  const { deviceUrl, adminUrl } = JSON.parse(line) as Partial<Ready>;
  return deviceUrl === undefined || adminUrl === undefined ? undefined : { deviceUrl, adminUrl };
}
