-- Who is known, what is published, and who may say so.

create table products (
  name text primary key,
  title text not null,
  created_at timestamptz not null default now()
);

create table api_tokens (
  id text primary key,
  name text not null,
  role text not null check (role in ('viewer', 'operator', 'releaser', 'admin')),
  -- SHA-256 of the token: the token itself is shown once and never stored.
  token_hash bytea not null unique,
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);

create table claim_tokens (
  token_hash bytea primary key,
  product text not null references products (name),
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  used_at timestamptz,
  -- Set together with used_at: the same token with the same key gets the same answer.
  device_id text
);

create table devices (
  id text primary key,
  product text not null references products (name),
  public_key bytea not null unique,
  hardware text,
  channel text,
  -- What filters use most stands in columns; the rest in attributes.
  components jsonb not null default '[]',
  attributes jsonb not null default '{}',
  enrolled_at timestamptz not null default now(),
  enrolled_by text not null check (enrolled_by in ('claim-token', 'public-key', 'certificate')),
  last_seen_at timestamptz,
  revoked_at timestamptz,
  -- When each alarm was last raised; null: never, or a person has seen to it.
  clone_alarm_at timestamptz,
  token_alarm_at timestamptz
);
create index devices_by_product on devices (product, id);
create index devices_revoked on devices (revoked_at) where revoked_at is not null;

-- Nonces that bought a token: single use, forgotten once they would have expired anyway.
create table used_nonces (
  nonce_hash bytea primary key,
  expires_at timestamptz not null
);

create table publications (
  id text primary key,
  idempotency_key text not null unique,
  state text not null check (state in ('open', 'committed')),
  created_at timestamptz not null default now(),
  committed_at timestamptz,
  -- The answer to the commit, kept so that asking again gets it again.
  timestamp_version bigint,
  new_targets text[] not null default '{}'
);

-- Metadata files as they arrived, before the set they belong to is verified.
create table publication_metadata (
  publication_id text not null references publications (id) on delete cascade,
  file text not null,
  bytes bytea not null,
  primary key (publication_id, file)
);

-- Artifacts that are whole in the store, whichever publication brought them.
create table artifacts (
  sha256 text primary key,
  length_bytes bigint not null,
  stored_at timestamptz not null default now()
);

-- Every verified metadata file of every published set; old versions stay, since a device may be in the middle of them.
create table metadata_files (
  file text primary key,
  bytes bytea not null,
  published_at timestamptz not null default now()
);

-- The switch: one row, the timestamp that is served now and the versions that it stands for.
create table current_metadata (
  only_row boolean primary key default true check (only_row),
  timestamp_version bigint not null,
  snapshot_version bigint not null,
  root_version bigint not null,
  timestamp_bytes bytea not null,
  published_at timestamptz not null default now()
);

-- Every path that was ever signed and published: its hash is fixed for good, also after it was withdrawn.
create table targets (
  path text primary key,
  sha256 text not null,
  length_bytes bigint not null,
  published_at timestamptz not null default now()
);

create table releases (
  target text primary key,
  product text not null,
  channel text not null,
  component text not null,
  version text not null,
  counter bigint not null,
  class text not null,
  hardware text[] not null,
  sha256 text not null,
  length_bytes bigint not null,
  published_at timestamptz not null default now(),
  withdrawn_at timestamptz
);
create index releases_by_component on releases (product, component, counter);
