import { expect, test } from 'vitest';
import { selfOfferFaults } from './self-offer-policy.ts';

const step = (afterHours: number, basisPoints: number) => ({ afterHours, basisPoints });

test('a schedule that opens wider with time is in order, for any class', () => {
  expect(selfOfferFaults({ class: 'feature', schedule: [step(0, 100), step(24, 10_000)] })).toEqual([]);
});

test('a schedule whose times or shares do not grow is refused at the step', () => {
  const schedule = [step(0, 100), step(0, 100), step(24, 50)];
  expect(selfOfferFaults({ class: 'feature', schedule }).map(f => f.path)).toEqual([
    '/schedule/1/afterHours',
    '/schedule/1/basisPoints',
    '/schedule/2/basisPoints',
  ]);
});

test('only a security release goes past a server', () => {
  expect(selfOfferFaults({ class: 'security', selfOfferAfterDays: 7 })).toEqual([]);
  for (const other of ['maintenance', 'feature'] as const)
    expect(selfOfferFaults({ class: other, selfOfferAfterDays: 7 }).map(f => f.path)).toEqual(['/selfOfferAfterDays']);
});
