/** Two releases: a good one that goes to everybody, and a faulty one that the first phase stops. */
import { type RolloutRequest, type RolloutView } from '@tidegate/protocol';
import { PRODUCT, type SampleRelease, type World } from '@tidegate/test';
import { drawSalt } from './salt.ts';
import type { View } from './view/view.ts';
import { statusOf, versionOf, watchRollout } from './watch-rollout.ts';

const PHASES = [{ basisPoints: 1000 }, { basisPoints: 5000 }, { basisPoints: 10_000 }];
const GATE = { minVerified: 1, soakSeconds: 15, silenceSeconds: 15 };

export interface Published {
  readonly target: string;
  readonly component: string;
  readonly version: string;
}

/** Brings a published release to the fleet, phase by phase, and waits for the rollout's end. */
export async function rollOut(world: World, view: View, published: Published): Promise<RolloutView> {
  const { target, component, version } = published;
  const salt = drawSalt(
    world.fleet.members.map(m => m.deviceId),
    PHASES[0]?.basisPoints ?? 0,
  );
  const request: RolloutRequest = { name: version, target, phases: PHASES, gate: GATE, salt };
  const { id } = await world.startRollout(request);
  const ended = await watchRollout(world, view, id, `${PRODUCT} ${component} ${version}`);
  view.done();
  return ended;
}

async function rollOutSample(world: World, view: View, sample: SampleRelease): Promise<RolloutView> {
  return rollOut(world, view, { target: await world.publish(sample), component: 'app', version: sample.version });
}

/** Returns how many devices run it after a healthy start. */
export async function goodRelease(world: World, view: View): Promise<number> {
  view.chapter('A good release: 1.1.0');
  const rollout = await rollOutSample(world, view, { version: '1.1.0', health: 'well' });
  view.say(`${rollout.state}: ${rollout.counts.verified} of ${world.fleet.members.length} devices verified`);
  if (rollout.state !== 'completed') throw new Error(`the good release ended ${rollout.state}`);
  return rollout.counts.verified;
}

export interface FaultyOutcome {
  readonly halted: boolean;
  readonly rolledBack: number;
}

/** @param before the version of the service that the fleet runs */
export async function faultyRelease(world: World, view: View, before: string): Promise<FaultyOutcome> {
  view.chapter('A faulty release: 1.2.0 of the sample service fails its health check');
  const rollout = await rollOutSample(world, view, { version: '1.2.0', health: 'ill' });
  view.done();
  const fleet = await Promise.all(world.fleet.members.map(statusOf));
  const onOld = fleet.filter(({ status }) => versionOf(status, 'app') === before).length;
  view.say(
    `${rollout.state}: devices that went back by themselves: ${rollout.counts.rolledBack}; on ${before}: ${onOld} of ${fleet.length}`,
  );
  if (rollout.state !== 'halted') throw new Error(`the faulty release ended ${rollout.state}`);
  if (onOld !== fleet.length) throw new Error('a device was left on the faulty release');
  return { halted: true, rolledBack: rollout.counts.rolledBack };
}
