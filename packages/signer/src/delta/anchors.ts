/** Anchors: places that an image marks by its own content, so that the same content bears the same marks wherever it lies. */
import { GEAR, GEAR_WINDOW_BYTES, gearMask } from '@tidegate/protocol/delta';

/** Told of each anchor: where it ends, and a word that stands for the bytes before it. */
export type OnAnchor = (end: number, key: number) => void;

/** @param bits one anchor in 2^bits bytes; none within the first bytes, before which nothing is seen */
export function eachAnchor(bytes: Buffer, bits: number, onAnchor: OnAnchor): void {
  const mask = gearMask(bits);
  const length = bytes.length;
  let hash = 0;
  for (let i = 0; i < length; i++) {
    hash = ((hash << 1) + (GEAR[bytes[i] ?? 0] ?? 0)) | 0;
    if ((hash & mask) === 0 && i + 1 >= GEAR_WINDOW_BYTES) onAnchor(i + 1, keyOf(bytes, i + 1));
  }
}

/** The gear's own bits are used up by the mask: another mix of the same bytes tells anchors apart. */
function keyOf(bytes: Buffer, end: number): number {
  let key = 0;
  for (let at = end - GEAR_WINDOW_BYTES; at < end; at += 4) {
    key = Math.imul(key ^ bytes.readInt32LE(at), 0x9e3779b1);
    key ^= key >>> 15;
  }
  return key;
}
