/** The tables of rollouts, their attempts, counters and gates as Kysely sees them. */
import type {
  Code,
  Gate,
  GateAction,
  OperatorAction,
  Pace,
  Phase,
  ReleaseClass,
  RolloutCounts,
  RolloutState,
  UpdateState,
  Window,
} from '@tidegate/protocol';
import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { Time, DefaultedTime, NullableTime } from './time-column.ts';

export interface RolloutsTable {
  id: string;
  name: string;
  state: RolloutState;
  target: string;
  product: string;
  channel: string;
  component: string;
  version: string;
  counter: number;
  class: ReleaseClass;
  hardware: string[];
  sha256: string;
  filter: string | null;
  exclude: string | null;
  min_from_counter: number | null;
  salt: string;
  phases: JSONColumnType<Phase[]>;
  open_phase: Generated<number>;
  phase_opened_at: DefaultedTime;
  gate: JSONColumnType<Gate>;
  pace: JSONColumnType<Pace>;
  install_window: ColumnType<Window | null, string | null, string | null>;
  urgent: Generated<boolean>;
  not_before: DefaultedTime;
  poll_during_update_seconds: number;
  looked_phase: Generated<number>;
  looked_total: Generated<number>;
  created_at: DefaultedTime;
  ended_at: NullableTime;
  rested_at: NullableTime;
  created_by: string | null;
  created_by_name: string | null;
  approved_phase: number | null;
  approval_asked_at: NullableTime;
}

export interface AttemptsTable {
  rollout_id: string;
  device_id: string;
  attempt: number;
  phase: number;
  state: Generated<UpdateState>;
  code: Code | null;
  begun: Generated<boolean>;
  outcome: 'verified' | 'failed' | 'neutral' | 'refused' | null;
  superseded: Generated<boolean>;
  offered_at: DefaultedTime;
  changed_at: DefaultedTime;
  at_work_at: NullableTime;
}

export interface RolloutAdmissionsTable {
  rollout_id: string;
  next_at: Time;
}

export interface RolloutCountsTable {
  rollout_id: string;
  phase: number;
  offered: Generated<number>;
  begun: Generated<number>;
  verified: Generated<number>;
  failed: Generated<number>;
  neutral: Generated<number>;
  rolled_back: Generated<number>;
  refused: Generated<number>;
}

export interface RolloutSurveysTable {
  rollout_id: string;
  opened_at: Time;
  after_device: string;
  due: boolean;
  more_beyond: boolean;
}

export interface RolloutTotalsTable {
  rollout_id: string;
  after_device: Generated<string>;
  devices: Generated<number>;
  counted_at: Date | null;
}

export interface GateDecisionsTable {
  id: Generated<number>;
  rollout_id: string;
  at: DefaultedTime;
  phase: number;
  action: GateAction | OperatorAction;
  kind: string;
  reason: string;
  counts: JSONColumnType<RolloutCounts>;
}

export interface HearingTable {
  only_row: Generated<boolean>;
  heard_at: NullableTime;
}

export interface DeafSpellsTable {
  from_at: Time;
  until_at: Time;
}

export interface RolloutGenerationTable {
  only_row: Generated<boolean>;
  generation: number;
  devices: Generated<number>;
}
