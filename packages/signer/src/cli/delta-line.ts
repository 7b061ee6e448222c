/** What became of a shorter way to an image, in words. */
import type { DeltaResult } from '../edit/delta.ts';

export function deltaLine({ path, kind, outcome, fetchedBytes, imageBytes }: DeltaResult): string {
  const share =
    fetchedBytes === undefined
      ? 'nothing older here to compare with'
      : `${fetchedBytes} bytes instead of ${imageBytes}, ${Math.ceil((1000 * fetchedBytes) / imageBytes) / 10} %`;
  switch (outcome) {
    case 'listed':
      return `Listed ${path} (${share}).`;
    case 'listed-before':
      return `${path} is listed already.`;
    case 'no-gain':
      return `No ${kind} is kept: ${share}. Compressed images have little in common; give the installer an uncompressed one.`;
  }
}
