export { type JobBackend, type JobStore, openJobBackend } from './job-backend.ts';
export { type QueueDepth, type RepeatedJob, startTimedQueue, type TimedQueue } from './timed-queue.ts';
