/** The distribution server as a library: for its process entry, tests and those who embed it. */
export { type AppDeps, type Apps, buildApp } from './app.ts';
export { type Clock, systemClock } from './clock.ts';
export { readConfig, type ServerConfig } from './config.ts';
export { ConfigError } from './config-error.ts';
export { DEFAULT_FLEET_CONFIG, type FleetConfig, UNHURRIED } from './fleet/fleet-config.ts';
export { pollAfterSeconds, pollIntervalSeconds } from './fleet/poll-interval.ts';
export { retryAfterSeconds } from './fleet/shedding.ts';
export { type Bucket, draw } from './fleet/token-bucket.ts';
export { decideGate, type GateInput, type GateVerdict, lookOf, outcomes } from './rollout/gate.ts';
export { tickGates } from './rollout/gate-tick.ts';
export { whyMissing } from './rollout/missing.ts';
export { migrate } from './db/migrate.ts';
export { openDatabase } from './db/open-database.ts';
export { startEmbeddedPostgres } from './postgres/embedded-postgres.ts';
export { type RunningServer, startServer } from './server.ts';
