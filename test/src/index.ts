/** Parts for tests and the demonstration: a repository with every key, the world of one fleet, an attacker's server. */
export * from './repo-sim.ts';
