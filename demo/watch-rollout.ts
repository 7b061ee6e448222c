/** Follows a rollout to its end: the board while it goes, each gate decision as it falls. */
import type { RolloutView } from '@tidegate/protocol';
import { cohort } from '@tidegate/protocol/cohort';
import type { AgentStatus } from '@tidegate/agent';
import { type FleetMember, until, type World } from '@tidegate/test';
import type { Board, DeviceLine, PhaseLine } from './view/board.ts';
import type { View } from './view/view.ts';

const WITHIN_MS = 10 * 60_000;

/** Resolves with the rollout as it ended. */
export async function watchRollout(world: World, view: View, id: string, title: string): Promise<RolloutView> {
  const told = { decisions: 0 };
  const ended = await until(
    `the end of the rollout of ${title}`,
    async () => {
      const rollout = await world.server.admin.get<RolloutView>(`/rollouts/${id}`);
      view.show(boardOf(title, rollout, await Promise.all(world.fleet.members.map(statusOf))));
      for (const decision of rollout.decisions.slice(told.decisions)) {
        view.say(`  gate, phase ${decision.phase + 1}: ${decision.action}: ${decision.reason}`);
      }
      told.decisions = rollout.decisions.length;
      return rollout.state === 'running' ? undefined : rollout;
    },
    WITHIN_MS,
  );
  return ended;
}

export interface Seen {
  readonly member: FleetMember;
  readonly status: AgentStatus;
}

export async function statusOf(member: FleetMember): Promise<Seen> {
  return { member, status: await member.device.api.get<AgentStatus>('/v1/status') };
}

/** What the device runs of a component; `?` before it has told. */
export function versionOf(status: AgentStatus, component: string): string {
  return status.components.find(c => c.component === component)?.version ?? '?';
}

function boardOf(title: string, rollout: RolloutView, fleet: readonly Seen[]): Board {
  return {
    title,
    phases: rollout.phases.map((_, i) => phaseLine(rollout, i, fleet)),
    devices: fleet.map(s => deviceLine(s, rollout)),
  };
}

function phaseLine(rollout: RolloutView, index: number, fleet: readonly Seen[]): PhaseLine {
  const share = rollout.phases[index]?.basisPoints ?? 0;
  const before = rollout.phases[index - 1]?.basisPoints ?? 0;
  const own = fleet.filter(({ member }) => {
    const place = cohort(rollout.salt, member.deviceId);
    return place >= before && place < share;
  });
  const verified = own.filter(
    ({ status }) => versionOf(status, rollout.component) === rollout.version && status.state === 'idle',
  );
  return { label: `${share / 100} %`, verified: verified.length, total: own.length, state: phaseState(rollout, index) };
}

function phaseState(rollout: RolloutView, index: number): PhaseLine['state'] {
  if (rollout.state === 'completed' || index < rollout.openPhase) return 'passed';
  if (index > rollout.openPhase) return 'waiting';
  return rollout.state === 'halted' ? 'halted' : 'open';
}

function deviceLine({ member, status }: Seen, rollout: RolloutView): DeviceLine {
  const version = versionOf(status, rollout.component);
  const line = { name: member.device.name, version };
  if (status.state !== 'idle' && status.state !== 'done') {
    const percent = status.downloadPercent === undefined ? '' : ` ${status.downloadPercent} %`;
    return { ...line, state: `${status.state}${percent}`, mood: 'busy' };
  }
  if (version === rollout.version) return { ...line, state: 'verified', mood: 'good' };
  if (status.lastOutcome?.target === rollout.target) {
    return { ...line, state: `${status.lastOutcome.state}: ${status.lastOutcome.text}`, mood: 'bad' };
  }
  return { ...line, state: 'waits', mood: 'calm' };
}
