-- Devices that download, over all rollouts: so many at one time keep a server's line free.
create index attempts_downloading on attempts (at_work_at)
  where outcome is null and at_work_at is not null and state in ('offered', 'downloading');
