/**
 * The rolling hash by which equal places of two images are found, wherever they lie: it depends on the last 32 bytes
 * alone. A choice of where to cut, nothing to trust: what is cut is hashed by SHA-256.
 */

/** 256 words by splitmix32 from 0, in the order of the bytes that they stand for. */
export const GEAR: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => splitmix32(byte));

/** So many bytes decide the hash. */
export const GEAR_WINDOW_BYTES = 32;

/** The mask that a hash meets once in 2^bits bytes. The upper bits, to which all 32 bytes have come. */
export function gearMask(bits: number): number {
  return -1 << (32 - bits);
}

function splitmix32(step: number): number {
  let word = Math.imul(step + 1, 0x9e3779b9);
  word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
  word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
  return word ^ (word >>> 15);
}
