/** A rollout that may make offers, as the board holds it: with its filter compiled and its open share at hand. */
import type { ReleaseClass, RolloutState } from '@tidegate/protocol';
import type { Selectable } from 'kysely';
import type { RolloutsTable } from '../db/schema.ts';
import { compileFilter, type Filter } from './filter.ts';

export interface RunningRollout {
  readonly id: string;
  /** `completed` goes on offering to devices that come later, until a newer one replaces it; `paused` to those at work. */
  readonly state: RolloutState;
  readonly target: string;
  readonly product: string;
  readonly channel: string;
  readonly component: string;
  readonly counter: number;
  readonly class: ReleaseClass;
  readonly hardware: readonly string[];
  readonly salt: string;
  readonly openPhase: number;
  /** Share of the fleet that the open phase reaches, in basis points. */
  readonly openShare: number;
  readonly notBefore: Date;
  readonly pollDuringUpdateSeconds: number;
  readonly createdAt: Date;
  readonly matches: Filter;
}

const everyDevice: Filter = () => true;

export function runningRollout(row: Selectable<RolloutsTable>): RunningRollout {
  return {
    id: row.id,
    state: row.state,
    target: row.target,
    product: row.product,
    channel: row.channel,
    component: row.component,
    counter: row.counter,
    class: row.class,
    hardware: row.hardware,
    salt: row.salt,
    openPhase: row.open_phase,
    openShare: row.phases[row.open_phase]?.basisPoints ?? 0,
    notBefore: row.not_before,
    pollDuringUpdateSeconds: row.poll_during_update_seconds,
    createdAt: row.created_at,
    matches: row.filter === null ? everyDevice : compileFilter(row.filter),
  };
}
