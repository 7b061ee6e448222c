-- Whom a rollout leaves out, whatever its filter says: a filter too.
alter table rollouts add column exclude text;

-- The least counter from which a release can be installed; null: from any.
alter table releases add column min_from_counter bigint;
alter table rollouts add column min_from_counter bigint;
