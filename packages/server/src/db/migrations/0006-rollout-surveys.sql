-- How far the search for devices that are due has come in a fleet too large to be read through at one tick of the gate.
create table rollout_surveys (
  rollout_id text primary key references rollouts (id) on delete cascade,
  -- The opening that it belongs to: another phase, or another opening of it, is searched anew.
  opened_at timestamptz not null,
  after_device text not null,
  due boolean not null,
  more_beyond boolean not null
);
