import { DEFAULT_GATE, Gate } from '@tidegate/protocol';
import { describe, expect, it } from 'vitest';
import { refuseShortSoak, wholeGate } from './gate-plan.ts';

const policy: Gate = {
  minVerified: 11,
  resolvedShare: 9111,
  successShare: 8111,
  allowedFailureShare: 111,
  minFailures: 12,
  significance: 211,
  minRefusals: 13,
  refusalShare: 311,
  maxFailures: 14,
  weights: { 'disk-full': 'counts' },
  soakSeconds: 200_011,
  silenceSeconds: 100_011,
};
const asked: Gate = {
  minVerified: 21,
  resolvedShare: 9121,
  successShare: 8121,
  allowedFailureShare: 121,
  minFailures: 22,
  significance: 221,
  minRefusals: 23,
  refusalShare: 321,
  maxFailures: 24,
  weights: { 'disk-full': 'neutral', 'slot-mismatch': 'neutral' },
  soakSeconds: 200_021,
  silenceSeconds: 100_021,
};

describe("a gate's numbers", () => {
  it.each(Object.keys(Gate.properties) as (keyof Gate)[])(
    '%s: a rollout overrules its product, that the default',
    key => {
      expect(policy[key]).not.toEqual(DEFAULT_GATE[key]);
      expect(wholeGate({}, policy)[key]).toEqual(policy[key]);
      expect(wholeGate({ [key]: asked[key] }, policy)[key]).toEqual(asked[key]);
    },
  );

  it('weigh each code by the last who spoke of it', () => {
    const { weights } = wholeGate({ weights: { 'slot-mismatch': 'neutral' } }, policy);
    expect(weights).toEqual({ 'disk-full': 'counts', 'slot-mismatch': 'neutral' });
  });

  it('soak by default for as long as the silence', () => {
    expect(() => refuseShortSoak(DEFAULT_GATE)).not.toThrow();
    expect(wholeGate({ silenceSeconds: 200_000 }).soakSeconds).toBe(200_000);
    expect(() => refuseShortSoak(wholeGate({ soakSeconds: 3600 }))).toThrow(/at least 86400 s/);
  });
});
