-- A person opens the next phase before the gate would.
alter table gate_decisions drop constraint gate_decisions_action_check;
alter table gate_decisions add constraint gate_decisions_action_check check (
  action in ('advance', 'hold', 'halt', 'complete', 'pause', 'resume', 'stop', 'retry', 'reschedule', 'open')
);
