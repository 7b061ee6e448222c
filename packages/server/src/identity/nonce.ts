/**
 * Nonces that need no memory: time of issue, 16 random bytes and an HMAC over both. Valid for a minute by the server's
 * clock, which is the only one asked; that each is used once is the token exchange's affair.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { LIMITS } from '@tidegate/protocol';

const TIME_BYTES = 6;
const BODY_BYTES = TIME_BYTES + 16;
const NONCE_BYTES = BODY_BYTES + 32;

/** @param secret at least 32 random bytes, the same for every process of one fleet */
export function issueNonce(secret: Buffer, now: Date): string {
  const body = Buffer.concat([Buffer.alloc(TIME_BYTES), randomBytes(BODY_BYTES - TIME_BYTES)]);
  body.writeUIntBE(now.getTime(), 0, TIME_BYTES);
  return Buffer.concat([body, seal(secret, body)]).toString('base64url');
}

/** Whether this server issued it, not longer ago than `nonceSeconds`. Never throws. */
export function isFreshNonce(secret: Buffer, nonce: string, now: Date): boolean {
  const bytes = Buffer.from(nonce, 'base64url');
  // One text for one nonce: another spelling of the same bytes would be used twice.
  if (bytes.length !== NONCE_BYTES || bytes.toString('base64url') !== nonce) return false;
  const body = bytes.subarray(0, BODY_BYTES);
  if (!timingSafeEqual(bytes.subarray(BODY_BYTES), seal(secret, body))) return false;
  const ageMs = now.getTime() - body.readUIntBE(0, TIME_BYTES);
  return ageMs >= 0 && ageMs <= LIMITS.nonceSeconds * 1000;
}

function seal(secret: Buffer, body: Buffer): Buffer {
  return createHmac('sha256', secret).update('tidegate-nonce-v1:').update(body).digest();
}
