/** What a rollout would do: everything that making it would check, and nothing written. */
import type { Phase, RolloutPreview } from '@tidegate/protocol';
import { devicesByIds } from '../admin/fleet-store.ts';
import { releaseView } from '../admin/release-store.ts';
import type { Db } from '../deps.ts';
import { estimate } from './estimate.ts';
import { findMeant } from './preview-store.ts';
import { conflictsOf } from './rollout-conflict.ts';
import type { RolloutPlan } from './rollout-plan.ts';
import { steppingStone } from './stepping-stone.ts';

/** About a tenth of a second; the estimate of a tenth of a fleet is then good to about four in a hundred. */
const LOOKED_AT = 20_000;

/** @throws ServerError filter-invalid */
export async function previewRollout(
  db: Db,
  plan: RolloutPlan,
  now: Date,
  lookedAt = LOOKED_AT,
): Promise<RolloutPreview> {
  const conflicts = await conflictsOf(db, { ...plan.release, urgent: plan.urgent });
  const found = await findMeant(
    db,
    plan,
    conflicts.map(c => c.other),
    { lookedAt, now },
  );
  const stone = await steppingStone(db, plan.release);
  const { devices: meant, margin } = estimate(found.meant, found);
  const { devices: current } = estimate(found.current, found);
  return {
    release: releaseView(plan.release),
    devices: { meant, current, exact: found.last === undefined, margin, looked: found.looked },
    phases: plan.phases.map(phase => ({ devices: devicesOf(phase, meant), approval: phase.approval === true })),
    gate: plan.gate,
    pace: plan.pace,
    sample: await devicesByIds(db, found.sample),
    conflicts: conflicts.map(({ other, effect }, i) => ({
      rolloutId: other.id,
      name: other.name,
      state: other.state,
      target: other.target,
      class: other.class,
      effect,
      devices: estimate(found.shared[i] ?? 0, found).devices,
    })),
    stone: stone === undefined ? null : { ...stone, devices: estimate(found.belowStone, found).devices },
  };
}

function devicesOf({ devices, basisPoints = 0 }: Phase, meant: number): number {
  return devices === undefined ? Math.round((meant * basisPoints) / 10_000) : Math.min(devices, meant);
}
