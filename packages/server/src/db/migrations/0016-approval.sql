-- What holds for every rollout of a product.
create table product_policies (
  product text primary key references products (name) on delete cascade,
  policy jsonb not null,
  changed_at timestamptz not null,
  changed_by text not null
);

-- A second person's word before a rollout begins, or before a phase opens.
alter table rollouts drop constraint rollouts_state_check;
alter table rollouts add constraint rollouts_state_check check (
  state in ('awaiting-approval', 'running', 'paused', 'halted', 'stopped', 'completed', 'cancelled')
);
-- Who made it: that person's word is no second one. The name too, since one person may hold several tokens.
alter table rollouts add column created_by text;
alter table rollouts add column created_by_name text;
-- The last phase that was approved, and since when the next one waits for it.
alter table rollouts add column approved_phase integer;
alter table rollouts add column approval_asked_at timestamptz;
-- One that waits for approval keeps its place.
drop index rollouts_under_way;
create index rollouts_under_way on rollouts (product, channel, component)
  where state in ('awaiting-approval', 'running', 'paused');

alter table gate_decisions drop constraint gate_decisions_action_check;
alter table gate_decisions add constraint gate_decisions_action_check check (
  action in (
    'advance', 'hold', 'halt', 'complete', 'pause', 'resume', 'stop', 'retry', 'reschedule', 'open', 'approve', 'deny'
  )
);
