/**
 * Devices that verified and are not heard of any more: more of them than of those that were not offered the release?
 * Whoever is switched off at night is so in both; whoever died of the release is in one only. Pure.
 */
import type { Gate } from '@tidegate/protocol';
import { hypergeometricTail } from './hypergeometric.ts';
import { devices } from './words.ts';

/** Devices that were heard of at some time since the phase opened, and those of them that are not heard of lately. */
export interface Heard {
  readonly devices: number;
  readonly missing: number;
}

/** Why the next phase must not open yet, in words; undefined where chance explains who is missing. */
export function whyMissing(gate: Gate, verified: Heard, others: Heard): string | undefined {
  if (verified.missing < gate.minFailures) return undefined;
  const tail = hypergeometricTail(verified.missing, {
    drawn: verified.devices,
    marked: verified.missing + others.missing,
    of: verified.devices + others.devices,
  });
  if (tail > gate.significance / 10_000) return undefined;
  return (
    `${verified.missing} of ${devices(verified.devices)} that verified are not heard of any more, but only ` +
    `${others.missing} of ${others.devices} without the release: look what became of them`
  );
}
