import { LIMITS } from '@tidegate/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seedId } from '../testing/seed.ts';
import { DEFAULT_FLEET_CONFIG } from './fleet-config.ts';
import { pollAfterSeconds, pollIntervalSeconds } from './poll-interval.ts';

const wanted = { ...DEFAULT_FLEET_CONFIG, pollSeconds: 300, pollSecondsMax: 86_400, checkInsPerSecond: 500 };
const deviceIds = fc.stringMatching(/^[0-9a-f]{32}$/);
const intervals = fc.double({ min: 1, max: LIMITS.pollSecondsMax / 2, noNaN: true });
const times = fc.date({
  min: new Date('2026-01-01T00:00:00Z'),
  max: new Date('2100-01-01T00:00:00Z'),
  noInvalidDate: true,
});

describe('the interval', () => {
  it('is the shortest while the fleet is small, and as long as the load that is wanted asks for after that', () => {
    expect([0, 1, 150_000].map(devices => pollIntervalSeconds(wanted, devices))).toEqual([300, 300, 300]);
    expect(pollIntervalSeconds(wanted, 1_000_000)).toBe(2000);
    expect(pollIntervalSeconds({ ...wanted, checkInBytesPerSecond: 409_600 }, 1_000_000)).toBe(10_000);
    expect(pollIntervalSeconds(wanted, 1e12)).toBe(86_400);
  });

  it('never asks for more than is wanted, as long as the longest interval allows it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10_000_000 }),
        fc.integer({ min: 200, max: 5000 }),
        (devices, perSecond) => {
          const seconds = pollIntervalSeconds({ ...wanted, checkInsPerSecond: perSecond }, devices);
          expect(devices / seconds).toBeLessThanOrEqual(perSecond * 1.000_001);
          expect(seconds).toBeGreaterThanOrEqual(300);
        },
      ),
    );
  });
});

describe('the pause of a device', () => {
  it('is between half an interval and one and a half, in whole seconds within the limits', () => {
    fc.assert(
      fc.property(deviceIds, intervals, times, (id, interval, now) => {
        const seconds = pollAfterSeconds(id, interval, now);
        expect(Number.isInteger(seconds)).toBe(true);
        expect(seconds).toBeGreaterThanOrEqual(Math.max(LIMITS.pollSecondsMin, Math.floor(interval / 2)));
        expect(seconds).toBeLessThanOrEqual(Math.ceil(interval * 1.5));
      }),
    );
  });

  it('is one interval, to the second, for a device that comes at its place', () => {
    fc.assert(
      fc.property(deviceIds, fc.integer({ min: 10, max: 86_400 }), times, (id, interval, now) => {
        const place = new Date(now.getTime() + pollAfterSeconds(id, interval, now) * 1000);
        expect(Math.abs(pollAfterSeconds(id, interval, place) - interval)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('spreads a fleet that came in one moment evenly over an interval', () => {
    const now = new Date('2026-03-01T12:34:56Z');
    const bySecond = new Map<number, number>();
    for (let i = 0; i < 30_000; i++) {
      const seconds = pollAfterSeconds(seedId(i), 300, now);
      bySecond.set(seconds, (bySecond.get(seconds) ?? 0) + 1);
    }
    // A hundred a second are expected; six standard deviations are left to chance.
    expect(Math.max(...bySecond.values())).toBeLessThan(160);
    expect(bySecond.size).toBeGreaterThanOrEqual(300);
  });
});
