-- How many devices a rollout is for: counted in the background, in the order of ids, whatever the fleet's size. Rollouts
-- that are there already have no row, since who of their devices ran what when they began is not known any more.
create table rollout_totals (
  rollout_id text primary key references rollouts (id) on delete cascade,
  -- The last device that was looked at.
  after_device text not null default '',
  devices bigint not null default 0,
  -- Null: not all are counted yet.
  counted_at timestamptz
);
create index rollout_totals_open on rollout_totals (rollout_id) where counted_at is null;
insert into job_pulses (job) values ('totals');
