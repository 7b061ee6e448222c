/** The tables as Kysely sees them: one interface a table, in the order of the migrations; those of rollouts stand apart. */
import type {
  CheckInRequest,
  Code,
  Enrolment,
  OperatorRole,
  ProductPolicy,
  ReleaseClass,
  UpdateState,
} from '@tidegate/protocol';
import type { Generated, JSONColumnType } from 'kysely';
import type {
  RolloutsTable,
  AttemptsTable,
  RolloutAdmissionsTable,
  RolloutCountsTable,
  RolloutSurveysTable,
  RolloutTotalsTable,
  GateDecisionsTable,
  HearingTable,
  DeafSpellsTable,
  RolloutGenerationTable,
} from './rollout-tables.ts';
import type { Time, DefaultedTime, NullableTime } from './time-column.ts';

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
