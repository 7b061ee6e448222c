/** What a benchmark's servers stand on: a folder and a product that is signed; for several processes a PostgreSQL besides. */
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@tidegate/server';
import { pino } from 'pino';
import type { ServerPlan } from '../src/server-process.ts';
import { openSigningDesk, type SigningDesk } from '../src/signing-desk.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { postgresCpuSeconds } from './cpu.ts';

export interface Ground extends AsyncDisposable {
  readonly folder: string;
  /** Of one server of the product `gw2`; what a benchmark changes, it spreads over this. */
  readonly plan: ServerPlan;
  /** Signs and publishes for that product. */
  readonly desk: SigningDesk;
}

export async function openGround(): Promise<Ground> {
  const folder = await tempFolder('tidegate-bench');
  const desk = await openSigningDesk({ folder: folder.path, products: ['gw2'], scryptN: 1024 });
  const plan = { data: join(folder.path, 'server'), trustedRoot: desk.rootFile, pollSeconds: 60, gateTickSeconds: 2 };
  return { folder: folder.path, plan, desk, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

export interface SharedGround extends Ground {
  readonly databaseUrl: string;
  /** CPU time that PostgreSQL has used so far. */
  readonly postgresSeconds: () => Promise<number>;
}

/** With a database that any number of processes share. */
export async function openSharedGround(): Promise<SharedGround> {
  const ground = await openGround();
  const closing = new AsyncDisposableStack();
  closing.use(ground);
  const postgres = await startEmbeddedPostgres(join(ground.folder, 'postgres'), pino({ level: 'silent' }));
  closing.defer(() => postgres.stop());
  return {
    folder: ground.folder,
    desk: ground.desk,
    plan: { ...ground.plan, databaseUrl: postgres.url },
    databaseUrl: postgres.url,
    postgresSeconds: () => postgresCpuSeconds(join(ground.folder, 'postgres')),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}
