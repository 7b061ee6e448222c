/** Tells of progress at most four times a second, so that a fast line does not drown its listener. */
import type { Clock } from '../clock.ts';
import type { DownloadProgress } from '../ports.ts';

const LEAST_MS = 250;

/** @returns a function to call with the bytes held; the last byte is always told */
export function throttledProgress(
  clock: Pick<Clock, 'monotonicMs'>,
  totalBytes: number,
  onProgress: ((progress: DownloadProgress) => void) | undefined,
): (receivedBytes: number) => void {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return receivedBytes => {
    const nowMs = clock.monotonicMs();
    if (receivedBytes < totalBytes && nowMs - toldAtMs < LEAST_MS) return;
    toldAtMs = nowMs;
    onProgress?.({ receivedBytes, totalBytes });
  };
}
