-- Those that began and may have fallen silent, without walking over those that wait for their owners.
create index attempts_begun on attempts (rollout_id, changed_at) where outcome is null and begun;
