-- When the server could hear devices: a silence counts only then. One row, written at every look at the gates.
create table hearing (
  only_row boolean primary key default true check (only_row),
  -- Null: never yet.
  heard_at timestamptz
);
insert into hearing default values;

-- Times in which it could not. `until_at` allows devices for their way back.
create table deaf_spells (
  from_at timestamptz primary key,
  until_at timestamptz not null
);

-- `significance` was spent at every look, and is spent by all looks together now: what was usual stays so.
update rollouts set gate = gate || jsonb_build_object('significance', least(2000, 5 * (gate ->> 'significance')::int));
update product_policies
set policy = jsonb_set(policy, '{gate,significance}', to_jsonb(least(2000, 5 * (policy #>> '{gate,significance}')::int)))
where policy #> '{gate,significance}' is not null;
