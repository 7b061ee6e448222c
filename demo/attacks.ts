/** An attacker takes the server over, with its address, its keys and all that it knows, and offers what it likes. */
import { randomBytes } from 'node:crypto';
import { CODES, type Code, type Offer, parseTargetPath } from '@tidegate/protocol';
import { type Attack, flipMiddle, metadataOf, OTHER_PRODUCT, startEvilServer, until, type World } from '@tidegate/test';
import type { View } from './view/view.ts';
import { statusOf } from './watch-rollout.ts';

export interface Refusal {
  readonly attack: string;
  readonly code: Code;
}

interface Plan extends Refusal, Signed {
  readonly how: Omit<Attack, 'offer'>;
}

interface SecurityEvent {
  readonly target?: string;
  readonly code: string;
}

export interface Signed {
  readonly target: string;
  readonly counter: number;
}

/** What the attacker finds on the server and makes use of, all of it validly signed. */
export interface Spoils {
  /** Newer than what the devices run, and offered to none of them yet. */
  readonly good: Signed;
  /** Behind what the devices run. */
  readonly older: Signed;
}

const REFUSED_WITHIN_MS = 60_000;
/** Slow disks and many devices: a large artifact takes its time to be found out. */
const REFUSED_WITHIN_MS_PER_MEBIBYTE = 2000;

/**
 * Returns each attack with the code by which every device refused it.
 * @param publishSpoils publishes what the attacker will make use of
 */
export async function attacks(
  world: World,
  view: View,
  publishSpoils: () => Promise<Spoils>,
  largestBytes: number,
): Promise<Refusal[]> {
  view.chapter('An attacker owns the server');
  const staleTimestamp = await metadataOf(world.desk, 'timestamp.json');
  const spoils = await publishSpoils();
  const foreign = await world.publish({ version: '9.0.0', health: 'well' }, OTHER_PRODUCT);

  const address = new URL(world.server.deviceUrl);
  const hidden = await world.moveServer(0);
  const evil = await startEvilServer(hidden.deviceUrl, Number(address.port));
  view.say(`the attacker answers at ${evil.url} and holds every key of the server`);
  const before = await versions(world);
  const withinMs = REFUSED_WITHIN_MS + (largestBytes / 1024 ** 2) * REFUSED_WITHIN_MS_PER_MEBIBYTE;
  const refusals: Refusal[] = [];
  try {
    for (const plan of plans({ ...spoils, foreign, staleTimestamp })) {
      // Every artifact is flipped to the end: the good release is validly signed, and a device still busy with the attack before
      // would rightly install it, were it given the honest ones.
      evil.attack({ artifact: flipMiddle, ...plan.how, offer: offerOf(plan) });
      const refused = await refusedByAll(world, plan, withinMs);
      view.say(`  ${plan.attack}: refused by all ${refused} devices: ${plan.code}`);
      view.say(`    ${CODES[plan.code].text}`);
      refusals.push({ attack: plan.attack, code: plan.code });
    }
  } finally {
    await evil.close();
  }
  const after = await versions(world);
  if (before.join() !== after.join()) throw new Error('an attack changed what a device runs');
  await world.moveServer(Number(address.port));
  view.say(`nothing was installed; the server is its owner's again at ${world.server.deviceUrl}`);
  return refusals;
}

function plans({ good, older, foreign, staleTimestamp }: Spoils & { foreign: string; staleTimestamp: Buffer }): Plan[] {
  const stale = { metadata: new Map([['timestamp.json', staleTimestamp]]) };
  return [
    { attack: 'flipped image', code: 'artifact-hash', ...good, how: {} },
    { attack: 'older release', code: 'counter-rollback', ...older, how: {} },
    { attack: "another product's release", code: 'wrong-channel', target: foreign, counter: 9, how: {} },
    { attack: 'stale metadata', code: 'metadata-rollback', ...good, how: stale },
  ];
}

function offerOf({ target, counter }: Plan): Offer {
  return {
    rolloutId: randomBytes(16).toString('hex'),
    attempt: 1,
    target,
    component: parseTargetPath(target)?.component ?? 'app',
    counter,
    class: 'security',
    notBefore: '2026-01-01T00:00:00Z',
    pollDuringUpdateSeconds: 1,
  };
}

async function refusedByAll(world: World, { attack, target, code }: Plan, withinMs: number): Promise<number> {
  const { members } = world.fleet;
  for (const { device } of members) {
    await until(
      `${device.name} to refuse: ${attack} (${code})`,
      async () => {
        const { events } = await device.api.get<{ events: SecurityEvent[] }>('/v1/security/events');
        return events.some(e => e.code === code && e.target === target) || undefined;
      },
      withinMs,
    );
  }
  return members.length;
}

async function versions(world: World): Promise<string[]> {
  const fleet = await Promise.all(world.fleet.members.map(statusOf));
  return fleet.map(({ status }) => status.components.map(c => c.version).join());
}
