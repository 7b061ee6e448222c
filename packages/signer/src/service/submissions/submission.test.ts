import fc from 'fast-check';
import { SUBMISSION_STATES } from '@tidegate/protocol';
import { expect, test } from 'vitest';
import { isFinal, outcomeOf, type Submission } from './submission.ts';

const [OWN, OTHER] = ['a'.repeat(64), 'b'.repeat(64)];
const submitted: Submission = {
  format: 1,
  id: '0'.repeat(32),
  role: 'p-gw2-stable',
  version: 5,
  baseVersion: 4,
  payloadSha256: OWN,
  idempotencyKey: 'k'.repeat(16),
  replaces: null,
  state: 'waiting',
  artifacts: [],
  quorums: [],
  submittedBy: { by: 'signature', keyid: OWN },
  createdAt: '2026-03-01T12:00:00Z',
  updatedAt: '2026-03-01T12:00:00Z',
  refusal: null,
  published: null,
};
const payload = fc.constantFrom(OWN, OTHER);
const standings = fc.record({
  version: fc.integer({ min: 0, max: 7 }),
  completed: fc.option(payload, { nil: undefined }),
  draft: fc.option(fc.record({ payloadSha256: payload, missing: fc.integer({ min: 0, max: 2 }) }), { nil: undefined }),
});
const states = fc.constantFrom(...SUBMISSION_STATES);

test('a final state stays, and nothing but a publication makes a list published', () => {
  fc.assert(
    fc.property(states, standings, fc.boolean(), (state, standing, superseded) => {
      const outcome = outcomeOf({ ...submitted, state }, standing, superseded);
      if (isFinal({ state })) expect(outcome.state).toBe(state);
      else expect(outcome.state).not.toBe('published');
    }),
  );
});

test('what the folder says is told twice in the same words', () => {
  fc.assert(
    fc.property(states, standings, fc.boolean(), (state, standing, superseded) => {
      const once = outcomeOf({ ...submitted, state }, standing, superseded);
      expect(outcomeOf({ ...submitted, state: once.state }, standing, superseded).state).toBe(once.state);
    }),
  );
});

test('a list that is complete, or has its signatures, is on its way, however it came to them', () => {
  fc.assert(
    fc.property(standings, fc.boolean(), (standing, superseded) => {
      const outcome = outcomeOf(submitted, standing, superseded);
      const complete = standing.completed === OWN;
      const overtaken = standing.version >= submitted.version;
      const signed = standing.draft?.payloadSha256 === OWN && standing.draft.missing === 0;
      expect(outcome.state === 'publishing').toBe(complete || (!overtaken && signed));
    }),
  );
});

test('a waiting list whose draft is gone is refused, or superseded where the newer one says that it replaces it', () => {
  const standing = { version: 4, completed: undefined, draft: { payloadSha256: OTHER, missing: 1 } };
  expect(outcomeOf(submitted, standing, true)).toEqual({ state: 'superseded' });
  expect(outcomeOf(submitted, standing, false)).toMatchObject({ state: 'refused', code: 'draft-stale' });
  expect(outcomeOf({ ...submitted, state: 'open' }, standing, false)).toEqual({ state: 'open' });
  expect(outcomeOf({ ...submitted, state: 'open' }, { ...standing, version: 5 }, false)).toMatchObject({
    state: 'refused',
  });
});
