/**
 * "May I now?", asked before downloading, installing and activating. Pure. The owner's word stands above the server's:
 * nothing that an offer carries makes a release sooner than the owner allows (EN 303 645 5.3-4B, 5.3-6A, 5.3-12).
 */
import type { Settings } from './settings.ts';

/** What may be asked for. A download may come before the windows open, so that a short one is not spent on it. */
export type Step = 'download' | 'install';

export type WaitReason =
  | 'setup'
  | 'automatic-off'
  | 'postponed'
  | 'not-before'
  | 'window'
  | 'windows-apart'
  | 'notice'
  | 'failed-before';

export type Verdict =
  | { readonly kind: 'yes' }
  /** `untilMs` where time alone ends the wait; otherwise the owner does. */
  | { readonly kind: 'wait'; readonly reason: WaitReason; readonly untilMs?: number };

export interface Asked {
  readonly step: Step;
  readonly settings: Settings;
  readonly target: string;
  readonly disruption: 'none' | 'partial' | 'full';
  readonly notBeforeMs: number;
  /** When this step is next allowed by the windows of maker and owner; Infinity: they are never open at once. */
  readonly opensAtMs: number;
  /** The same release failed on this device, and this attempt of the server gives no new chance. */
  readonly failedBefore: boolean;
  /** Wall clock: owners and servers speak in wall time. */
  readonly nowMs: number;
}

/**
 * "Apply now" is consent to that one release: it goes before off, later, the notice, the windows, an earlier failure and
 * the server's pace (which only spreads load). Automatic updates switched on cover interruptions too, unless the owner
 * asked to see the notice first; times that the owner chose are as good as a notice.
 */
export function mayI({
  step,
  settings,
  target,
  disruption,
  notBeforeMs,
  opensAtMs,
  failedBefore,
  nowMs,
}: Asked): Verdict {
  if (settings.automatic === undefined) return { kind: 'wait', reason: 'setup' };
  if (settings.applyNow === target) return { kind: 'yes' };
  if (failedBefore) return { kind: 'wait', reason: 'failed-before' };
  const mayComeIn = step === 'download' && settings.downloadFirst === true;
  if (!settings.automatic && !mayComeIn) return { kind: 'wait', reason: 'automatic-off' };
  const postponed = settings.postponedUntilMs;
  if (postponed !== undefined && postponed > nowMs) return { kind: 'wait', reason: 'postponed', untilMs: postponed };
  if (notBeforeMs > nowMs) return { kind: 'wait', reason: 'not-before', untilMs: notBeforeMs };
  if (opensAtMs === Number.POSITIVE_INFINITY) return { kind: 'wait', reason: 'windows-apart' };
  if (opensAtMs > nowMs) return { kind: 'wait', reason: 'window', untilMs: opensAtMs };
  const isNoticed = settings.noticed === target || settings.window !== undefined;
  if (disruption !== 'none' && settings.disruptiveAfterNotice === true && !isNoticed)
    return { kind: 'wait', reason: 'notice' };
  return { kind: 'yes' };
}

/** For the owner, in plain words. */
export const WAIT_TEXT: Readonly<Record<WaitReason, string>> = {
  setup: 'Waits for the answer to the setup question about automatic updates.',
  'automatic-off': 'Automatic updates are off. Apply it when you like.',
  postponed: 'Postponed, as you asked.',
  'not-before': 'Its turn comes in a while; the maker spreads the load.',
  window: 'Waits for the time at which updates may install.',
  'windows-apart':
    'The times that the maker allows and the times that you allow never meet. Apply it when you like, or change yours.',
  'failed-before': 'It failed here before and is not tried again by itself. Apply it to try once more.',
  notice: 'It interrupts the device; it waits until the notice was seen.',
};
