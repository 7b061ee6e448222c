/** A rollout that may make offers, as the board holds it: with its filter compiled and its open share at hand. */
import type { Pace, ReleaseClass, RolloutState, Window } from '@tidegate/protocol';
import { LIMITS, longestClosedSeconds } from '@tidegate/protocol';
import type { Selectable } from 'kysely';
import type { RolloutsTable } from '../db/rollout-tables.ts';
import { compileChoice, type Filter } from './filter.ts';
import { admitsOneByOne } from './pace.ts';

export interface RunningRollout {
  readonly id: string;
  /** `completed` goes on offering to devices that come later, until a newer one replaces it; `paused` to those at work. */
  readonly state: RolloutState;
  readonly target: string;
  readonly product: string;
  readonly channel: string;
  readonly component: string;
  readonly counter: number;
  /** Stepping stone: what a device runs at least, for the release to be installed there. */
  readonly minFromCounter: number;
  readonly class: ReleaseClass;
  readonly hardware: readonly string[];
  readonly salt: string;
  readonly openPhase: number;
  /** Share of the fleet that the open phase reaches, in basis points; the whole where it is a number of devices. */
  readonly openShare: number;
  /** The number of devices that the open phase reaches, where it is one. */
  readonly openDevices: number | undefined;
  /** What the phase before reached, of the same kind: the open one goes on from there. */
  readonly shareBefore: number;
  readonly devicesBefore: number;
  /** When the open phase opened, or the rollout may begin, if that is later. */
  readonly openedAt: Date;
  readonly pace: Pace;
  /** Null: devices may install at any time. */
  readonly window: Window | null;
  /** The longest that the window alone keeps a device waiting. */
  readonly closedSeconds: number;
  readonly urgent: boolean;
  /** Devices are let in one by one, under a lock: see `admission-store.ts`. */
  readonly isAdmitting: boolean;
  readonly notBefore: Date;
  readonly pollDuringUpdateSeconds: number;
  readonly createdAt: Date;
  readonly matches: Filter;
}

/** When the open phase opened, or the rollout may begin, if that is later. */
export function openedAt({ not_before, phase_opened_at }: Selectable<RolloutsTable>): Date {
  return not_before > phase_opened_at ? not_before : phase_opened_at;
}

export function runningRollout(row: Selectable<RolloutsTable>): RunningRollout {
  const [open, before] = [row.phases[row.open_phase], row.phases[row.open_phase - 1]];
  return {
    id: row.id,
    state: row.state,
    target: row.target,
    product: row.product,
    channel: row.channel,
    component: row.component,
    counter: row.counter,
    minFromCounter: row.min_from_counter ?? 0,
    class: row.class,
    hardware: row.hardware,
    salt: row.salt,
    openPhase: row.open_phase,
    openShare: open?.devices === undefined ? (open?.basisPoints ?? 0) : LIMITS.shareMax,
    openDevices: open?.devices,
    shareBefore: before?.basisPoints ?? 0,
    devicesBefore: before?.devices ?? 0,
    openedAt: openedAt(row),
    pace: row.pace,
    window: row.install_window,
    closedSeconds: row.install_window ? longestClosedSeconds(row.install_window) : 0,
    urgent: row.urgent,
    isAdmitting: open?.devices !== undefined || admitsOneByOne(row.pace),
    notBefore: row.not_before,
    pollDuringUpdateSeconds: row.poll_during_update_seconds,
    createdAt: row.created_at,
    matches: compileChoice(row),
  };
}
