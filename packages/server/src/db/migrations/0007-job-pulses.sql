-- When each timed job was last done, by whichever process: how a silent queue is noticed.
drop table gate_pulse;
create table job_pulses (
  job text primary key,
  ran_at timestamptz not null default now()
);
insert into job_pulses (job) values ('gate-tick'), ('retention');
