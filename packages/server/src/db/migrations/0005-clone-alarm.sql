-- The last few boots that a device was heard of in, oldest first: two machines with one key are told by their alternating.
alter table devices add column recent_boot_ids text[] not null default '{}';
