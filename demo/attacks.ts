/** An attacker takes the server over, with its address, its keys and all that it knows, and offers what it likes. */
import { randomBytes } from 'node:crypto';
import { CODES, type Code, type Offer, parseTargetPath } from '@tidegate/protocol';
import { type Attack, metadataOf, OTHER_PRODUCT, startEvilServer, until, type World } from '@tidegate/test';
import type { View } from './view/view.ts';
import { statusOf } from './watch-rollout.ts';

export interface Refusal {
  readonly attack: string;
  readonly code: Code;
}

interface Plan extends Refusal {
  readonly target: string;
  readonly counter: number;
  readonly how: Omit<Attack, 'offer'>;
}

interface SecurityEvent {
  readonly target?: string;
  readonly code: string;
}

const REFUSED_WITHIN_MS = 60_000;

/** Returns each attack with the code by which every device refused it. */
export async function attacks(world: World, view: View): Promise<Refusal[]> {
  view.chapter('An attacker owns the server');
  const staleTimestamp = await metadataOf(world.desk, 'timestamp.json');
  const good = await world.publish({ version: '1.3.0', health: 'well' });
  const foreign = await world.publish({ version: '9.0.0', health: 'well' }, OTHER_PRODUCT);

  const address = new URL(world.server.deviceUrl);
  const hidden = await world.moveServer(0);
  const evil = await startEvilServer(hidden.deviceUrl, Number(address.port));
  view.say(`the attacker answers at ${evil.url} and holds every key of the server`);
  const before = await versions(world);
  const refusals: Refusal[] = [];
  try {
    for (const plan of plans({ good, foreign, staleTimestamp })) {
      // Every byte is flipped to the end: 1.3.0 is validly signed, and a device still busy with the attack before
      // would rightly install it, were it given the honest ones.
      evil.attack({ artifact: (_, bytes) => flipped(bytes), ...plan.how, offer: offerOf(plan) });
      const refused = await refusedByAll(world, plan);
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

function plans(known: { good: string; foreign: string; staleTimestamp: Buffer }): Plan[] {
  const { good, foreign, staleTimestamp } = known;
  return [
    {
      attack: 'flipped image',
      code: 'artifact-hash',
      target: good,
      counter: 4,
      how: {},
    },
    { attack: 'older release', code: 'counter-rollback', target: older(good), counter: 1, how: {} },
    { attack: "another product's release", code: 'wrong-channel', target: foreign, counter: 9, how: {} },
    {
      attack: 'stale metadata',
      code: 'metadata-rollback',
      target: good,
      counter: 4,
      how: { metadata: new Map([['timestamp.json', staleTimestamp]]) },
    },
  ];
}

/** 1.0.0 of the same component: properly signed, once good, and behind what the devices run. */
function older(good: string): string {
  return good.replaceAll('1.3.0', '1.0.0');
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const middle = copy.length >> 1;
  copy.writeUInt8(copy.readUInt8(middle) ^ 1, middle);
  return copy;
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

async function refusedByAll(world: World, { attack, target, code }: Plan): Promise<number> {
  const { members } = world.fleet;
  for (const { device } of members) {
    await until(
      `${device.name} to refuse: ${attack} (${code})`,
      async () => {
        const { events } = await device.api.get<{ events: SecurityEvent[] }>('/v1/security/events');
        return events.some(e => e.code === code && e.target === target) || undefined;
      },
      REFUSED_WITHIN_MS,
    );
  }
  return members.length;
}

async function versions(world: World): Promise<string[]> {
  const fleet = await Promise.all(world.fleet.members.map(statusOf));
  return fleet.map(({ status }) => status.components[0]?.version ?? '?');
}
