-- Names that operators give devices, to group them; and whether the owner asked to be among the first.
alter table devices add column tags text[] not null default '{}';
alter table devices add column canary boolean not null default false;
create index devices_by_tag on devices using gin (tags);

-- Rises with every retry and every change of tags: what a process remembers of devices from before is out of date.
alter table rollout_generation rename column retries to devices;

create function raise_device_generation() returns trigger language plpgsql as $$
begin
  update rollout_generation set generation = generation + 1, devices = devices + 1;
  perform pg_notify('tidegate_rollouts', '');
  return null;
end
$$;
create trigger devices_tagged after update of tags on devices
  for each statement execute function raise_device_generation();
