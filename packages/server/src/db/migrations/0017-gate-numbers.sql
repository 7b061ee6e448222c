-- What were constants of the gate are numbers of each rollout; those that are there keep what they had.
update rollouts set gate = '{"significance": 100, "minRefusals": 3, "refusalShare": 100}'::jsonb || gate;
