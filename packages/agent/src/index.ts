/** The agent as a library: what the process entry, the test harness and integrators use. */
export * from './agent-error.ts';
export * from './clock.ts';
export * from './ports.ts';
export * from './download/create-downloader.ts';
export * from './durable/durable-files.ts';
export * from './net/http-client.ts';
export * from './net/http-limits.ts';
export * from './net/update-server.ts';
export * from './trust/create-trust.ts';
