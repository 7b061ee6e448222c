/** Reads the Retry-After header (RFC 9110 10.2.3), bounded: a server may ask for patience, not for silence for ever. */

const MAX_RETRY_AFTER_SECONDS = 24 * 3600;

/** @returns whole seconds, or undefined where the header is missing or unreadable */
export function retryAfterSeconds(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const seconds = /^\d{1,10}$/.test(text) ? Number(text) : (Date.parse(text) - nowMs) / 1000;
  if (!Number.isFinite(seconds)) return undefined;
  return Math.min(Math.max(Math.ceil(seconds), 0), MAX_RETRY_AFTER_SECONDS);
}
