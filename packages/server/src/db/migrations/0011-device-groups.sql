-- The one group of a device, where it has one: from the claim token that it enrolled with, or from an operator.
alter table devices add column group_name text;
create index devices_by_group on devices (product, group_name) where group_name is not null;
alter table claim_tokens add column group_name text;

drop trigger devices_tagged on devices;
create trigger devices_tagged after update of tags, group_name on devices
  for each statement execute function raise_device_generation();
