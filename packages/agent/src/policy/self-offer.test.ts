import { cohort, scheduleSalt } from '@tidegate/protocol/cohort';
import type { Firmware } from '@tidegate/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { targetFor } from '../install/test-target.ts';
import { selfOffer, type SelfOfferAsked } from './self-offer.ts';

const releasedAtMs = Date.parse('2026-11-01T00:00:00Z');
const HOUR_MS = 3600_000;
const DAY_MS = 24 * HOUR_MS;
const fleet = Array.from({ length: 300 }, (_, i) => i.toString(16).padStart(32, '0'));
const everybody = [{ afterHours: 0, basisPoints: 10_000 }];

function target(counter: number, more: Partial<Firmware> = {}) {
  const named = { component: 'app', version: `1.${counter}.0`, counter, ...more };
  return targetFor(Buffer.from(`${counter}`), { format: 'file', file: 'app.bin', ...named });
}

function asked(more: Partial<SelfOfferAsked>): SelfOfferAsked {
  return {
    acceptable: [],
    deviceId: fleet[0] ?? '',
    isServerSilent: true,
    hasFailed: () => false,
    trustedNowMs: releasedAtMs,
    ...more,
  };
}

describe('where no server speaks', () => {
  const schedule = [
    { afterHours: 0, basisPoints: 1000 },
    { afterHours: 24, basisPoints: 5000 },
    { afterHours: 72, basisPoints: 10_000 },
  ];
  const release = target(2, { schedule });

  test('exactly the devices whose cohort the schedule has opened are offered the release', () => {
    const takers = (hours: number) =>
      fleet.filter(deviceId =>
        selfOffer(asked({ acceptable: [release], deviceId, trustedNowMs: releasedAtMs + hours * HOUR_MS })),
      );
    const below = (share: number) => fleet.filter(id => cohort(scheduleSalt(release.path), id) < share);
    expect(takers(-1)).toEqual([]);
    expect(takers(0)).toEqual(below(1000));
    expect(takers(23)).toEqual(below(1000));
    expect(takers(24)).toEqual(below(5000));
    expect(takers(72)).toEqual(fleet);
  });

  test('a release without a schedule is offered to nobody', () => {
    expect(selfOffer(asked({ acceptable: [target(2)], trustedNowMs: releasedAtMs + 9999 * DAY_MS }))).toBeUndefined();
  });
});

describe('where a server speaks', () => {
  const isServerSilent = false;

  test('no schedule counts', () => {
    const acceptable = [target(2, { schedule: everybody })];
    expect(
      selfOffer(asked({ acceptable, isServerSilent, trustedNowMs: releasedAtMs + 9999 * DAY_MS })),
    ).toBeUndefined();
  });

  test('a security release that it keeps back is due at its time, and not a moment before', () => {
    const release = target(2, { class: 'security', selfOfferAfterDays: 7 });
    const at = (ms: number) =>
      selfOffer(asked({ acceptable: [release], isServerSilent, trustedNowMs: releasedAtMs + ms }));
    expect(at(7 * DAY_MS - 1)).toBeUndefined();
    expect(at(7 * DAY_MS)).toBe(release);
  });

  test('nothing else ever is, whatever its description says', () => {
    const acceptable = [target(2, { class: 'feature', selfOfferAfterDays: 1, schedule: everybody })];
    expect(
      selfOffer(asked({ acceptable, isServerSilent, trustedNowMs: releasedAtMs + 9999 * DAY_MS })),
    ).toBeUndefined();
  });
});

describe('of several that are due', () => {
  test('the highest counter of a component comes first, a security release before other components', () => {
    const [old, newest] = [target(2, { schedule: everybody }), target(3, { schedule: everybody })];
    expect(selfOffer(asked({ acceptable: [old, newest] }))).toBe(newest);
    const other = target(9, { component: 'zigbee', class: 'security', schedule: everybody });
    expect(selfOffer(asked({ acceptable: [old, newest, other] }))).toBe(other);
  });

  test('what failed here before stays in sight and keeps nothing else away', () => {
    const [old, newest] = [target(2, { schedule: everybody }), target(3, { schedule: everybody })];
    const hasFailed = (t: unknown) => t === newest;
    expect(selfOffer(asked({ acceptable: [old, newest], hasFailed }))).toBe(old);
    expect(selfOffer(asked({ acceptable: [newest], hasFailed }))).toBe(newest);
    expect(selfOffer(asked({ acceptable: [old, newest], hasFailed: () => true }))).toBe(newest);
  });
});

test('whatever is there: only what is acceptable and due is chosen, in any order the same, and time takes nothing back', () => {
  const candidate = fc.record({
    component: fc.constantFrom('app', 'mcu'),
    counter: fc.integer({ min: 1, max: 6 }),
    class: fc.constantFrom('security', 'maintenance', 'feature'),
    share: fc.option(fc.integer({ min: 1, max: 10_000 }), { nil: undefined }),
    days: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
    failed: fc.boolean(),
  });
  const candidates = fc.uniqueArray(candidate, { selector: c => `${c.component} ${c.counter}`, maxLength: 8 });
  fc.assert(
    fc.property(
      candidates,
      fc.boolean(),
      fc.nat(40),
      fc.nat(40),
      fc.nat(299),
      (list, isServerSilent, day, later, who) => {
        const failed = new Set<string>();
        const acceptable = list.map(({ share, days, failed: hasFailed, ...firmware }) => {
          const made = target(firmware.counter, {
            ...firmware,
            ...(share === undefined ? {} : { schedule: [{ afterHours: 0, basisPoints: share }] }),
            ...(days === undefined ? {} : { selfOfferAfterDays: days }),
          });
          if (hasFailed) failed.add(made.path);
          return made;
        });
        const choose = (order: typeof acceptable, days: number) =>
          selfOffer(
            asked({
              acceptable: order,
              isServerSilent,
              deviceId: fleet[who] ?? '',
              hasFailed: t => failed.has(t.path),
              trustedNowMs: releasedAtMs + days * DAY_MS,
            }),
          );
        const chosen = choose(acceptable, day);
        expect(choose(acceptable.toReversed(), day)).toBe(chosen);
        if (!chosen) return;
        expect(acceptable).toContain(chosen);
        expect(choose([chosen], day + later)).toBe(chosen);
        const { component, counter } = chosen.firmware;
        const newer = acceptable.filter(t => t.firmware.component === component && t.firmware.counter > counter);
        for (const other of newer)
          expect(choose([other], day) === undefined || (failed.has(other.path) && !failed.has(chosen.path))).toBe(true);
      },
    ),
  );
});
