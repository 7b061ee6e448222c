-- When devices may install, in their own local time; null: at any time. The server stores no time zone and judges nothing of it.
alter table rollouts add column install_window jsonb;
-- A security release for which haste comes before caution.
alter table rollouts add column urgent boolean not null default false;

-- A start that is moved is a change of what may be offered, like any other.
drop trigger rollouts_changed on rollouts;
create trigger rollouts_changed after insert or update of state, open_phase, not_before or delete on rollouts
  for each statement execute function raise_rollout_generation();

alter table gate_decisions drop constraint gate_decisions_action_check;
alter table gate_decisions add constraint gate_decisions_action_check check (
  action in ('advance', 'hold', 'halt', 'complete', 'pause', 'resume', 'stop', 'retry', 'reschedule')
);
