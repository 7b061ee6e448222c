/** The agent as a library: what the process entry, the test harness and integrators use. */
export { type Agent, createAgent, enrolDevice, type Surroundings } from './agent.ts';
export { AgentError } from './agent-error.ts';
export { type Clock, systemClock } from './clock.ts';
export { type AgentConfig, readConfig } from './config.ts';
export { ConfigError } from './config-error.ts';
export { createDownloader } from './download/create-downloader.ts';
export { type DurableFiles, durableFiles } from './durable/durable-files.ts';
export { backoffMs } from './machine/backoff.ts';
export { createSchedule } from './machine/schedule.ts';
export { createHttpClient } from './net/http-client.ts';
export { type HttpLimits, SHORT_ANSWER } from './net/http-limits.ts';
export type { AgentStatus, OutcomeView, UpdateView } from './owner/status.ts';
export type { AcceptedTarget, DeviceFacts, Downloader, Shortcuts, SignedDelta, Trust, UpdateServer } from './ports.ts';
export { createTrust, type TrustOptions } from './trust/create-trust.ts';
export {
  download as downloadTuf,
  init as initTuf,
  type PlainClient as PlainTufClient,
  refresh as refreshTuf,
} from './tuf/plain-client.ts';
