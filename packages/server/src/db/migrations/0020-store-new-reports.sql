-- Stores the reports of one device that it did not send since `known_since`, and names them. A function, since a session
-- then plans its statements once: to plan them anew for every batch costs PostgreSQL more than to run them.
create function store_new_reports(
  device text, came timestamptz, known_since timestamptz,
  ids text[], rollout_ids text[], attempts integer[], targets text[], states text[], codes text[], details text[],
  sha256s text[], sources integer[], device_times timestamptz[]
) returns setof text
-- One plan for all: it asks no more days than a plan made for these values, and a day ahead is asked by neither.
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  known text[];
begin
  -- The days have no key in common that would refuse a report twice; the second of two copies at once waits here.
  perform pg_advisory_xact_lock(29150, hashtext(device));
  known := array(
    select id from reports where device_id = device and id = any(ids)
      and received_at > known_since and received_at < came + interval '1 hour'
  );
  return query
    insert into reports (
      device_id, id, rollout_id, attempt, target, state, code, detail, sha256, sources, device_time, received_at
    )
    select device, report.*, came
    from unnest(
      ids, rollout_ids, attempts, targets, states, codes, details, sha256s, sources, device_times
    ) as report (id, rollout_id, attempt, target, state, code, detail, sha256, sources, device_time)
    where report.id <> all(known)
    returning reports.id;
end
$$;
