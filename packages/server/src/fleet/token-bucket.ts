/** A rate with room for a burst. Pure: the bucket goes in and comes out, the time is handed in. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

export interface Draw {
  readonly bucket: Bucket;
  readonly isTaken: boolean;
  /** Until there is one, where none was; 0 else. */
  readonly waitSeconds: number;
}

/** Takes one, where there is one. @param bucket undefined: a full one */
export function draw(bucket: Bucket | undefined, { perSecond, burst }: Rate, nowMs: number): Draw {
  // A clock that was set back fills nothing, and holds nobody up: it counts from there.
  const filled = bucket ? bucket.tokens + (Math.max(0, nowMs - bucket.atMs) / 1000) * perSecond : burst;
  const tokens = Math.min(burst, filled);
  const isTaken = tokens >= 1;
  return {
    bucket: { tokens: isTaken ? tokens - 1 : tokens, atMs: nowMs },
    isTaken,
    waitSeconds: isTaken ? 0 : (1 - tokens) / perSecond,
  };
}
