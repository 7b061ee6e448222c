/** The agent as a library: what the process entry, the test harness and integrators use. */
export * from './agent-error.ts';
export * from './clock.ts';
export * from './ports.ts';
