-- When a gate was last ticked, by whichever process: how a silent queue is noticed. One row.
create table gate_pulse (
  only_row boolean primary key default true check (only_row),
  ticked_at timestamptz not null default now()
);
insert into gate_pulse default values;
