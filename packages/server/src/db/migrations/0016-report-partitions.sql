-- Reports by the day on which they came: a day past its time is dropped as a whole. Days are made ahead by a timed job;
-- what comes for a day that was not made waits in the default. No reference to devices: making and dropping a day would
-- lock them.
alter table reports rename to reports_before;
alter table reports_before rename constraint reports_pkey to reports_before_pkey;
create table reports (
  device_id text not null,
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
  primary key (device_id, id, received_at)
) partition by range (received_at);
create table reports_default partition of reports default;
insert into reports select * from reports_before;
drop table reports_before;

-- A sighting rewrites its row where it stands, as long as there is room beside it.
alter table devices set (fillfactor = 85);
