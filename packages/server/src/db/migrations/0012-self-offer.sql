-- From when on devices offer a release to their owners whatever a rollout says, as signed with it; and whether a signed
-- hold stands against it.
alter table releases add column self_offer_at timestamptz;
alter table releases add column held_at timestamptz;
