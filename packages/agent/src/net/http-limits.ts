import { HEARTBEAT_SECONDS } from '@tidegate/protocol';

/** How long and how slowly an answer may come before the agent hangs up. Times in milliseconds. */
export interface HttpLimits {
  readonly connectMs: number;
  /** Longest silence between two bytes. */
  readonly idleMs: number;
  /** From the first byte sent to the last one received. */
  readonly deadlineMs: number;
  /** A body slower than this over a whole window is given up (slow retrieval). */
  readonly minBytesPerSecond: number;
  readonly throughputWindowMs: number;
}

/** For the API and signed lists: small bodies. */
export const SHORT_ANSWER: HttpLimits = {
  connectMs: 10_000,
  idleMs: 20_000,
  deadlineMs: 60_000,
  minBytesPerSecond: 256,
  throughputWindowMs: 15_000,
};

/** For event streams: three heartbeats of silence are too many, and a day is enough. */
export const EVENT_STREAM: HttpLimits = {
  connectMs: 10_000,
  idleMs: 3 * HEARTBEAT_SECONDS * 1000,
  deadlineMs: 24 * 3_600_000,
  minBytesPerSecond: 0,
  throughputWindowMs: 3_600_000,
};

/** For artifacts, which resume where they broke off. */
export const LONG_BODY: HttpLimits = {
  connectMs: 10_000,
  idleMs: 30_000,
  deadlineMs: 6 * 3_600_000,
  minBytesPerSecond: 1024,
  throughputWindowMs: 30_000,
};
