-- Rollouts: one row each whatever the fleet's size; a device gets a row only from its first offer on.

create table rollouts (
  id text primary key,
  name text not null,
  state text not null check (state in ('running', 'paused', 'halted', 'stopped', 'completed')),
  target text not null references releases (target),
  product text not null,
  channel text not null,
  component text not null,
  version text not null,
  counter bigint not null,
  class text not null,
  hardware text[] not null,
  sha256 text not null,
  filter text,
  salt text not null,
  phases jsonb not null,
  open_phase integer not null default 0,
  phase_opened_at timestamptz not null default now(),
  gate jsonb not null,
  not_before timestamptz not null default now(),
  poll_during_update_seconds integer not null,
  -- How many outcomes the tail test has looked at, in the open phase and in all: it looks at fixed counts only.
  looked_phase bigint not null default 0,
  looked_total bigint not null default 0,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  -- Since when it has been paused or stopped: that time is no soak.
  rested_at timestamptz
);
create index rollouts_under_way on rollouts (product, channel, component) where state in ('running', 'paused');

-- Where each offered device stands. Counted incrementally into rollout_counts, never by scanning.
create table attempts (
  rollout_id text not null references rollouts (id) on delete cascade,
  device_id text not null references devices (id) on delete cascade,
  attempt integer not null,
  phase integer not null,
  state text not null default 'offered',
  code text,
  -- Begun, and judged or still to be judged: an end that says nothing about the release takes it back.
  begun boolean not null default false,
  -- What the gate makes of the end; null while the attempt is under way.
  outcome text check (outcome in ('verified', 'failed', 'neutral', 'refused')),
  -- A later attempt stands for the device now: this one counts no more, whatever is still reported of it.
  superseded boolean not null default false,
  offered_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  primary key (rollout_id, device_id, attempt)
);
create index attempts_under_way on attempts (rollout_id, changed_at) where outcome is null;
create index attempts_by_device on attempts (device_id);

create table rollout_counts (
  rollout_id text not null references rollouts (id) on delete cascade,
  phase integer not null,
  offered bigint not null default 0,
  begun bigint not null default 0,
  verified bigint not null default 0,
  failed bigint not null default 0,
  neutral bigint not null default 0,
  rolled_back bigint not null default 0,
  refused bigint not null default 0,
  primary key (rollout_id, phase)
);

create table gate_decisions (
  id bigint generated always as identity primary key,
  rollout_id text not null references rollouts (id) on delete cascade,
  at timestamptz not null default now(),
  phase integer not null,
  action text not null check (
    action in ('advance', 'hold', 'halt', 'complete', 'pause', 'resume', 'stop', 'retry')
  ),
  -- Which rule decided: a decision is stored when this changes, not at every tick.
  kind text not null,
  reason text not null,
  counts jsonb not null
);
create index gate_decisions_by_rollout on gate_decisions (rollout_id, id);

create table reports (
  device_id text not null references devices (id) on delete cascade,
  id text not null,
  rollout_id text,
  attempt integer,
  target text,
  state text not null,
  code text,
  detail text,
  sha256 text,
  sources integer,
  device_time timestamptz not null,
  received_at timestamptz not null default now(),
  primary key (device_id, id)
);
create index reports_by_rollout on reports (rollout_id, received_at);
create index reports_by_time on reports (received_at);

-- Every change of what may be offered raises the generation and wakes the boards of all processes: a trigger, so that
-- no writer can forget it.
create table rollout_generation (
  only_row boolean primary key default true check (only_row),
  generation bigint not null,
  -- Rises with every retry: what a process remembers of attempts from before is out of date.
  retries bigint not null default 0
);
insert into rollout_generation (generation) values (1);

create function raise_rollout_generation() returns trigger language plpgsql as $$
begin
  update rollout_generation set generation = generation + 1;
  perform pg_notify('tidegate_rollouts', '');
  return null;
end
$$;

create trigger rollouts_changed after insert or update of state, open_phase or delete on rollouts
  for each statement execute function raise_rollout_generation();
create trigger releases_withdrawn after update of withdrawn_at on releases
  for each statement execute function raise_rollout_generation();
