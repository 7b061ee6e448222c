/** The tables as Kysely sees them: one interface a table, in the order of the migrations. */
import type {
  CheckInRequest,
  Code,
  Enrolment,
  Gate,
  GateAction,
  OperatorAction,
  OperatorRole,
  Pace,
  Phase,
  ProductPolicy,
  ReleaseClass,
  RolloutCounts,
  RolloutState,
  UpdateState,
  Window,
} from '@tidegate/protocol';
import type { ColumnType, Generated, JSONColumnType } from 'kysely';

/** timestamptz: read as Date, written as Date. */
type Time = ColumnType<Date, Date, Date>;
type DefaultedTime = ColumnType<Date, Date | undefined, Date>;
type NullableTime = ColumnType<Date | null, Date | null | undefined, Date | null>;

export interface ProductsTable {
  name: string;
  title: string;
  created_at: DefaultedTime;
}

export interface ProductPoliciesTable {
  product: string;
  policy: JSONColumnType<ProductPolicy>;
  changed_at: Time;
  changed_by: string;
}

export interface ApiTokensTable {
  id: string;
  name: string;
  role: OperatorRole;
  token_hash: Buffer;
  created_at: DefaultedTime;
  revoked_at: NullableTime;
}

export interface ClaimTokensTable {
  token_hash: Buffer;
  product: string;
  expires_at: Time;
  created_at: DefaultedTime;
  used_at: NullableTime;
  device_id: string | null;
  group_name: string | null;
}

export interface DevicesTable {
  id: string;
  product: string;
  public_key: Buffer;
  hardware: string | null;
  channel: string | null;
  components: JSONColumnType<CheckInRequest['components']>;
  attributes: JSONColumnType<Record<string, string>>;
  enrolled_at: DefaultedTime;
  enrolled_by: Enrolment;
  last_seen_at: NullableTime;
  revoked_at: NullableTime;
  clone_alarm_at: NullableTime;
  token_alarm_at: NullableTime;
  recent_boot_ids: Generated<string[]>;
  tags: Generated<string[]>;
  group_name: string | null;
  canary: Generated<boolean>;
}

export interface UsedNoncesTable {
  nonce_hash: Buffer;
  expires_at: Time;
}

export interface PublicationsTable {
  id: string;
  idempotency_key: string;
  state: 'open' | 'committed';
  created_at: DefaultedTime;
  committed_at: NullableTime;
  timestamp_version: number | null;
  new_targets: Generated<string[]>;
}

export interface PublicationMetadataTable {
  publication_id: string;
  file: string;
  bytes: Buffer;
}

export interface ArtifactsTable {
  sha256: string;
  length_bytes: number;
  stored_at: DefaultedTime;
}

export interface MetadataFilesTable {
  file: string;
  bytes: Buffer;
  published_at: DefaultedTime;
}

export interface CurrentMetadataTable {
  only_row: Generated<boolean>;
  timestamp_version: number;
  snapshot_version: number;
  root_version: number;
  timestamp_bytes: Buffer;
  published_at: DefaultedTime;
}

export interface TargetsTable {
  path: string;
  sha256: string;
  length_bytes: number;
  published_at: DefaultedTime;
}

export interface ReleasesTable {
  target: string;
  product: string;
  channel: string;
  component: string;
  version: string;
  counter: number;
  class: ReleaseClass;
  hardware: string[];
  sha256: string;
  length_bytes: number;
  published_at: DefaultedTime;
  withdrawn_at: NullableTime;
  self_offer_at: NullableTime;
  held_at: NullableTime;
  min_from_counter: number | null;
}

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

export interface ReportsTable {
  device_id: string;
  id: string;
  rollout_id: string | null;
  attempt: number | null;
  target: string | null;
  state: UpdateState;
  code: Code | null;
  detail: string | null;
  sha256: string | null;
  sources: number | null;
  device_time: Time;
  received_at: DefaultedTime;
}

export interface DeviceKeysTable {
  sha256: string;
  public_key: Buffer;
  product: string;
  label: string | null;
  added_at: DefaultedTime;
}

export interface CertificateAuthoritiesTable {
  sha256: string;
  product: string;
  certificate: Buffer;
  public_key_sha256: string;
  subject: string;
  expires_at: Time;
  added_at: DefaultedTime;
}

export interface Database {
  products: ProductsTable;
  product_policies: ProductPoliciesTable;
  api_tokens: ApiTokensTable;
  claim_tokens: ClaimTokensTable;
  devices: DevicesTable;
  used_nonces: UsedNoncesTable;
  publications: PublicationsTable;
  publication_metadata: PublicationMetadataTable;
  artifacts: ArtifactsTable;
  metadata_files: MetadataFilesTable;
  current_metadata: CurrentMetadataTable;
  targets: TargetsTable;
  releases: ReleasesTable;
  rollouts: RolloutsTable;
  attempts: AttemptsTable;
  rollout_admissions: RolloutAdmissionsTable;
  rollout_counts: RolloutCountsTable;
  rollout_surveys: RolloutSurveysTable;
  rollout_totals: RolloutTotalsTable;
  gate_decisions: GateDecisionsTable;
  hearing: HearingTable;
  deaf_spells: DeafSpellsTable;
  rollout_generation: RolloutGenerationTable;
  reports: ReportsTable;
  device_keys: DeviceKeysTable;
  certificate_authorities: CertificateAuthoritiesTable;
}
