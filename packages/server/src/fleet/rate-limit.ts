/**
 * How often each of many askers may ask. Bounded however many there are: those who were not heard of for longest are
 * forgotten, and begin with a full bucket when they come again; what all of them together may ask is limited elsewhere.
 */
import type { Clock } from '../clock.ts';
import { recentMap } from '../recent-map.ts';
import { ServerError } from '../server-error.ts';
import { type Bucket, draw } from './token-bucket.ts';

const ASKERS_REMEMBERED = 100_000;

export interface RateLimit {
  /** @throws ServerError too-many-requests, with the time after which there is room again */
  readonly admit: (asker: string) => void;
  readonly remembered: () => number;
}

/** A burst of a minute's worth is let through. */
export function rateLimit(clock: Clock, perMinute: number): RateLimit {
  const rate = { perSecond: perMinute / 60, burst: perMinute };
  const buckets = recentMap<{ bucket: Bucket | undefined }>(ASKERS_REMEMBERED);
  return {
    admit: asker => {
      const held = buckets.get(asker) ?? { bucket: undefined };
      if (!held.bucket) buckets.set(asker, held);
      const { bucket, isTaken, waitSeconds } = draw(held.bucket, rate, clock.now().getTime());
      held.bucket = bucket;
      if (isTaken) return;
      throw new ServerError('too-many-requests', 'you ask more often than is allowed: wait as Retry-After says', {
        retryAfterSeconds: Math.ceil(waitSeconds),
      });
    },
    remembered: buckets.size,
  };
}
