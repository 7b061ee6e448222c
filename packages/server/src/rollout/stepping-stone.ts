/**
 * What leads devices below a release's stepping stone up to it: a rollout that offers a release in between, and where
 * there is none, the release that one could be made of.
 */
import type { SteppingStone } from '@tidegate/protocol';
import type { Selectable } from 'kysely';
import type { ReleasesTable } from '../db/schema.ts';
import type { Db } from '../deps.ts';
import { offeringRollouts } from './board-store.ts';

type Release = Pick<
  Selectable<ReleasesTable>,
  'product' | 'channel' | 'component' | 'hardware' | 'counter' | 'min_from_counter'
>;

/** Undefined where the release can be installed from any other. */
export async function steppingStone(db: Db, release: Release): Promise<Omit<SteppingStone, 'devices'> | undefined> {
  const { product, channel, component, hardware, counter, min_from_counter: leastCounter } = release;
  if (leastCounter === null) return undefined;
  const isBetween = (other: Release) =>
    other.component === component &&
    other.counter >= leastCounter &&
    other.counter < counter &&
    other.hardware.some(name => hardware.includes(name));
  const rollouts = (await offeringRollouts(db)).filter(
    r => r.product === product && r.channel === channel && isBetween(r),
  );
  const releases = await db
    .selectFrom('releases')
    .selectAll()
    .where('product', '=', product)
    .where('channel', '=', channel)
    .where('component', '=', component)
    .where('withdrawn_at', 'is', null)
    .where('counter', '>=', leastCounter)
    .where('counter', '<', counter)
    .orderBy('counter')
    .execute();
  const unled = hardware.filter(name => !rollouts.some(r => r.hardware.includes(name)));
  return {
    leastCounter,
    rollouts: rollouts.map(({ id, name, state, target }) => ({ rolloutId: id, name, state, target })),
    missing: unled.map(name => ({
      hardware: name,
      release: releases.find(r => r.hardware.includes(name))?.target ?? null,
    })),
  };
}
