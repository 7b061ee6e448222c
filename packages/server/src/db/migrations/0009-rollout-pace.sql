-- How fast a phase takes devices in.
alter table rollouts add column pace jsonb not null default '{}';

-- One row a rollout that admits devices one by one: it is locked while one is let in, so that any number of processes
-- keep to one count and one pace.
create table rollout_admissions (
  rollout_id text primary key references rollouts (id) on delete cascade,
  -- No device is let in before.
  next_at timestamptz not null
);

-- When the device was given its place at work, or last heard of at work. Null: it has none.
alter table attempts add column at_work_at timestamptz;
create index attempts_at_work on attempts (rollout_id, at_work_at) where outcome is null and at_work_at is not null;
