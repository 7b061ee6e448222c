/** Rows that tests begin with: a product, a release, devices, a rollout. */
import { createHash } from 'node:crypto';
import type { RolloutRequest } from '@tidegate/protocol';
import type { Selectable } from 'kysely';
import type { ReleasesTable } from '../db/schema.ts';
import type { Db } from '../deps.ts';
import { planRollout } from '../rollout/rollout-plan.ts';
import { createRollout, type RolloutRow } from '../rollout/rollout-store.ts';

/** A stable id of 32 hex digits. */
export function seedId(name: string | number): string {
  return createHash('md5').update(String(name)).digest('hex');
}

async function seedProduct(db: Db, name: string): Promise<void> {
  const row = { name, title: name };
  await db
    .insertInto('products')
    .values(row)
    .onConflict(c => c.doNothing())
    .execute();
}

export async function seedRelease(
  db: Db,
  counter: number,
  more: Partial<Selectable<ReleasesTable>> = {},
): Promise<Selectable<ReleasesTable>> {
  const product = more.product ?? 'gw';
  await seedProduct(db, product);
  return db
    .insertInto('releases')
    .values({
      target: `${product}/stable/app/1.${counter}.0/app.tar`,
      product,
      channel: 'stable',
      component: 'app',
      version: `1.${counter}.0`,
      counter,
      class: 'feature',
      hardware: ['gw-a'],
      sha256: createHash('sha256').update(`app ${counter}`).digest('hex'),
      length_bytes: 10,
      ...more,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Devices that run counter 1 and were seen at `seenAt`. @returns their ids */
export async function seedDevices(db: Db, count: number, seenAt: Date): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, i) => seedId(`device ${i}`));
  if (count === 0) return ids;
  await seedProduct(db, 'gw');
  await db
    .insertInto('devices')
    .values(
      ids.map(id => ({
        id,
        product: 'gw',
        public_key: Buffer.from(id),
        hardware: 'gw-a',
        channel: 'stable',
        components: JSON.stringify([{ component: 'app', version: '1.1.0', counter: 1 }]),
        attributes: '{}',
        enrolled_by: 'claim-token' as const,
        last_seen_at: seenAt,
      })),
    )
    .execute();
  return ids;
}

export function seedRollout(
  db: Db,
  release: Selectable<ReleasesTable>,
  now: Date,
  more: Partial<RolloutRequest> = {},
): Promise<RolloutRow> {
  const request: RolloutRequest = {
    target: release.target,
    phases: [{ basisPoints: 10_000 }],
    salt: '0'.repeat(32),
    ...more,
  };
  const { gate, ...rest } = request;
  const plan = planRollout(rest, release, { salt: seedId('salt'), now });
  // Nobody may ask for it: phases that follow each other without a soak, so that a test need not wait for one.
  const quick = { ...plan, gate: { ...plan.gate, soakSeconds: 0, silenceSeconds: 60, ...gate } };
  return createRollout(db, seedId(`rollout ${release.counter} ${now.getTime()}`), quick, now);
}
