/** Parts for tests and the demonstration: a signing desk, a server, a fleet, an attacker's server, a repository with every key. */
export * from './admin-client.ts';
export * from './child.ts';
export * from './device.ts';
export * from './evil-server.ts';
export * from './fleet.ts';
export * from './forge.ts';
export * from './local-api.ts';
export * from './repo-sim.ts';
export * from './sample-service.ts';
export * from './server-process.ts';
export * from './signing-desk.ts';
export * from './static-server.ts';
export * from './temp-folder.ts';
export * from './until.ts';
export * from './victim.ts';
export * from './world.ts';
