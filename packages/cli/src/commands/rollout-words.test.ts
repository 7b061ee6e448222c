import { expect, test } from 'vitest';
import { selfOfferWords } from './rollout-words.ts';

const now = new Date('2026-11-24T12:00:00Z');
const later = '2026-11-30T12:00:00Z';

test('what is signed past a rollout is told: as news while it runs, as a demand once it is held up', () => {
  expect(selfOfferWords({ selfOfferAt: null, holdNeededBy: null }, now)).toEqual([]);
  expect(selfOfferWords({ selfOfferAt: later, holdNeededBy: null }, now)).toEqual([
    expect.stringMatching(/^by itself/),
  ]);
  expect(selfOfferWords({ selfOfferAt: later, holdNeededBy: later }, now)).toEqual([
    expect.stringMatching(/^HOLD +needed by/),
  ]);
  const past = '2026-11-20T12:00:00Z';
  expect(selfOfferWords({ selfOfferAt: past, holdNeededBy: past }, now)).toEqual([
    expect.stringMatching(/^HOLD +needed: since/),
  ]);
});
