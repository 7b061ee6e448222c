/**
 * How long to wait before the next try: exponential with full jitter, so that a fleet that lost its server together
 * does not come back together (EN 303 645 5.9-3). Pure: randomness is handed in.
 */
export interface BackoffSettings {
  readonly baseSeconds: number;
  readonly maxSeconds: number;
}

/**
 * @param failures tries that failed in a row, from 1 on
 * @param random a number in [0, 1)
 * @param retryAfterSeconds what the server asked for, bounded by whoever read it: never undercut, also beyond the cap,
 *   since servers spread a fleet by it; and spread by up to one base more
 * @returns milliseconds
 */
export function backoffMs(
  settings: BackoffSettings,
  failures: number,
  random: number,
  retryAfterSeconds?: number,
): number {
  // 2^30 times any base is beyond every cap; more would lose precision for nothing.
  const ceiling = Math.min(settings.maxSeconds, settings.baseSeconds * 2 ** Math.min(Math.max(failures, 1), 30));
  if (retryAfterSeconds === undefined) return ceiling * random * 1000;
  return (retryAfterSeconds + settings.baseSeconds * random) * 1000;
}
