/**
 * A device's stable place 0..9999 within a rollout. The salt differs by rollout, so nobody is always first.
 * Used by server and device alike; an export of its own, since it needs node:crypto.
 */
import { hash } from 'node:crypto';

export const COHORTS = 10_000;

/**
 * First 48 bits of SHA-256(`salt:deviceId`), big-endian, modulo 10 000.
 * @param salt 32 lowercase hex digits @param deviceId 32 lowercase hex digits
 */
export function cohort(salt: string, deviceId: string): number {
  return Number.parseInt(hash('sha256', `${salt}:${deviceId}`, 'hex').slice(0, 12), 16) % COHORTS;
}

/** The salt of a release's own schedule, which no server made: the first 32 hex digits of SHA-256 of the target's path. */
export function scheduleSalt(targetPath: string): string {
  return hash('sha256', targetPath, 'hex').slice(0, 32);
}
