/** One fault while a rollout runs and another is stopped; then everything must come to its right end. */
import { setTimeout as wait } from 'node:timers/promises';
import type { RolloutView } from '@tidegate/protocol';
import { openDatabase } from '@tidegate/server';
import { seedRelease } from '@tidegate/server/testing';
import { pino } from 'pino';
import { enrolDevice } from '../server/enrolled-device.ts';
import type { AdminClient } from '../src/admin-client.ts';
import { until } from '../src/until.ts';
import { findFaults, STOP_MS } from './check.ts';
import { liveAsDevice, type SimulatedDevice } from './device.ts';
import { type Ledger, openLedger } from './ledger.ts';
import type { Db } from './recount.ts';
import type { Site } from './site.ts';

const PHASES = [{ basisPoints: 4000 }, { basisPoints: 10_000 }];
const GATE = { minVerified: 1, soakSeconds: 0, silenceSeconds: 300 };
const WAITING_SHARE = 0.25;
/** Devices of the one install what they are offered, those of the other wait. */
const PRODUCTS = { installs: 'gw', waits: 'sensor' } as const;
const ENROLLED_AT_ONCE = 10;
const silent = pino({ level: 'silent' });

export interface Fleet extends AsyncDisposable {
  readonly ledger: Ledger;
  readonly size: number;
  readonly random: () => number;
  /** By target. */
  readonly hashes: Map<string, string>;
}

export async function startFleet(site: Site, size: number, random: () => number): Promise<Fleet> {
  const [first] = site.servers();
  if (!first) throw new Error('no server runs');
  const db = openDatabase(site.database(), silent);
  for (const product of Object.values(PRODUCTS)) await seedRelease(db, 1, { product });
  await db.destroy();
  const devices: SimulatedDevice[] = [];
  while (devices.length < size) {
    const installs = devices.length >= size * WAITING_SHARE;
    const product = installs ? PRODUCTS.installs : PRODUCTS.waits;
    const some = Array.from({ length: Math.min(ENROLLED_AT_ONCE, size - devices.length) }, async () => ({
      enrolled: await enrolDevice({ server: first, admin: first.admin }, product),
      installs,
    }));
    devices.push(...(await Promise.all(some)));
  }
  const ledger = openLedger();
  const hashes = new Map<string, string>();
  const end = new AbortController();
  const urls = () => site.servers().map(s => s.deviceUrl);
  const lives = devices.map(device => liveAsDevice(device, { ledger, urls, random, hashes }, end.signal));
  return {
    ledger,
    size,
    random,
    hashes,
    [Symbol.asyncDispose]: async () => {
      end.abort();
      await Promise.all(lives);
    },
  };
}

/** Asks one process after the other until one does it: what was asked may be asked again without harm. */
export function insist<T>(site: Site, what: string, ask: (admin: AdminClient) => Promise<T>): Promise<T> {
  let turn = 0;
  return until(what, async () => {
    const servers = site.servers();
    const server = servers[turn++ % servers.length];
    return server && (await ask(server.admin));
  });
}

export interface Rollouts {
  readonly installed: string;
  readonly stopped: string;
}

/**
 * @param fault brings it about and mends it; it is told of the rollout that runs, and of the one that is stopped meanwhile
 * @returns what is wrong at the end, in sentences
 */
export async function amid(
  site: Site,
  fleet: Fleet,
  counter: number,
  fault: (rollouts: Rollouts) => Promise<void>,
): Promise<string[]> {
  const db = openDatabase(site.database(), silent);
  const installed = await startRollout(site, db, fleet, counter, 'installs');
  const stopped = await startRollout(site, db, fleet, counter, 'waits');
  await db.destroy();
  const told = () => [...fleet.ledger.reports.values()].filter(r => r.report.rolloutId === installed && r.acknowledged);
  await until('updates to be under way', () => (told().length > fleet.size / 5 ? true : undefined));
  await until(
    'offers to those who wait',
    () => fleet.ledger.offers.some(o => o.offer.rolloutId === stopped) || undefined,
  );

  const stopping = async () => {
    await wait(fleet.random() * 500);
    await insist(site, 'a stop amid the fault', admin => admin.post<RolloutView>(`/rollouts/${stopped}/stop`));
    return performance.now();
  };
  const [stoppedAt] = await Promise.all([stopping(), fault({ installed, stopped })]);
  await insist(site, 'the rollout to complete', isCompleted(installed));
  await until('every device to be heard', () => allHeard(fleet.ledger) || undefined);
  await until('some time after the stop', () => performance.now() > stoppedAt + 2 * STOP_MS || undefined);
  const after = openDatabase(site.database(), silent);
  try {
    return await findFaults(after, fleet.ledger, { installed, phases: PHASES.length, stopped, stoppedAt });
  } finally {
    await after.destroy();
  }
}

function isCompleted(id: string) {
  return async (admin: AdminClient) => {
    const { state, decisions, counts } = await admin.get<RolloutView>(`/rollouts/${id}`);
    if (state === 'completed') return true;
    throw new Error(`${state}: ${JSON.stringify({ counts, decisions })}`);
  };
}

function allHeard({ reports }: Ledger): boolean {
  return [...reports.values()].every(r => r.acknowledged);
}

async function startRollout(
  site: Site,
  db: Db,
  fleet: Fleet,
  counter: number,
  role: keyof typeof PRODUCTS,
): Promise<string> {
  const product = PRODUCTS[role];
  const { target, sha256 } = await seedRelease(db, counter, { product, class: 'security' });
  fleet.hashes.set(target, sha256);
  const phases = role === 'installs' ? PHASES : [{ basisPoints: 10_000 }];
  const [server] = site.servers();
  if (!server) throw new Error('no server runs');
  return (await server.admin.post<RolloutView>('/rollouts', { target, phases, gate: GATE, urgent: true })).id;
}
