/**
 * What the device offers to its owner without the server's word, as its maker signed it: by a release's schedule where no
 * server speaks, and a security release that a server keeps back. Pure. It only offers: the owner's settings are asked
 * as for any other offer, and what is not acceptable by the signed lists (held, withdrawn, too far ahead) is no candidate.
 */
import { scheduledShare, selfOfferAtMs } from '@tidegate/protocol';
import { cohort, scheduleSalt } from '@tidegate/protocol/cohort';
import type { AcceptedTarget } from '../ports.ts';

export interface SelfOfferAsked {
  /** What the acceptance rule lets in now. */
  readonly acceptable: readonly AcceptedTarget[];
  /** 32 lowercase hex digits: decides its place in each schedule. */
  readonly deviceId: string;
  /** No server is configured, or none has answered for as long as the image's maker set. */
  readonly isServerSilent: boolean;
  /** It failed on this device before. */
  readonly hasFailed: (target: AcceptedTarget) => boolean;
  /** Trusted time: the device's clock alone must not decide. */
  readonly trustedNowMs: number;
}

/**
 * Of each component the highest counter that is due; of these a security release before any other. What failed here
 * before comes last: it stays in sight, but keeps nothing else from being offered.
 */
export function selfOffer(asked: SelfOfferAsked): AcceptedTarget | undefined {
  const due = asked.acceptable.filter(target => isDue(asked, target));
  const ranked = (target: AcceptedTarget) => [
    Number(asked.hasFailed(target)),
    Number(isOutrun(target, due, asked.hasFailed)),
    Number(target.firmware.class !== 'security'),
  ];
  return due.toSorted((a, b) => compare(ranked(a), ranked(b)) || (a.path < b.path ? -1 : 1))[0];
}

function isDue(
  { deviceId, isServerSilent, trustedNowMs }: SelfOfferAsked,
  { path, firmware }: AcceptedTarget,
): boolean {
  const offerAtMs = selfOfferAtMs(firmware);
  if (offerAtMs !== undefined && offerAtMs <= trustedNowMs) return true;
  return isServerSilent && cohort(scheduleSalt(path), deviceId) < scheduledShare(firmware, trustedNowMs);
}

/** By a newer release of the same component that is no worse a choice. */
function isOutrun(target: AcceptedTarget, due: readonly AcceptedTarget[], hasFailed: SelfOfferAsked['hasFailed']) {
  const { component, counter } = target.firmware;
  const newer = due.filter(t => t.firmware.component === component && t.firmware.counter > counter);
  return newer.some(t => !hasFailed(t) || hasFailed(target));
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
