/** Expiries, and this machine's clock against the times that were signed: with a wrong clock all else is misjudged. */
import { lifeOf } from '../status/life.ts';
import type { ExpiryDays } from '../store/config.ts';
import { kindOf } from '../tuf/role.ts';
import type { Finding } from './finding.ts';
import type { Image } from './images.ts';
import { issuedAt, type LintedList, type LintedSet, remedyFor } from './linted-set.ts';

/** Clocks differ by so much without harm. */
export const CLOCK_TOLERANCE_SECONDS = 300;
const DAY_MS = 86_400_000;

export function timeFindings(set: LintedSet, images: readonly Image[], expiryDays: ExpiryDays, now: Date): Finding[] {
  return [
    ...set.lists.flatMap(list => expiryFindings(list, expiryDays, now)),
    ...clockFindings(issuedAt(set), now),
    ...images.flatMap(image => futureFindings(image, now)),
  ];
}

function expiryFindings(list: LintedList, expiryDays: ExpiryDays, now: Date): Finding[] {
  const { role, file, signed, standing } = list;
  const days = expiryDays[kindOf(role)];
  const { warning, daysLeft, expires } = lifeOf(signed.expires, days, now);
  const where = { role, remedy: remedyFor(list) };
  // A draft that has expired is refused by the checks before a signature.
  if (warning === 'expired' && standing === 'inForce') {
    return [{ code: 'expired', severity: 'error', ...where, message: `${file} expired at ${expires}.` }];
  }
  if ((warning === 'soon' || warning === 'now') && standing === 'inForce') {
    const message = `${file} expires at ${expires}, in ${daysLeft} days; then devices install nothing new.`;
    return [{ code: 'expires-soon', severity: 'warning', ...where, message }];
  }
  if (Date.parse(expires) - now.getTime() <= 2 * days * DAY_MS) return [];
  const message = `${file} is valid until ${expires}, more than twice the ${days} days of such a list: a freeze would last so long.`;
  return [{ code: 'expiry-far', severity: 'warning', ...where, message }];
}

export function clockFindings(issued: string | undefined, now: Date): Finding[] {
  if (issued === undefined || Date.parse(issued) <= now.getTime() + CLOCK_TOLERANCE_SECONDS * 1000) return [];
  const message = `This machine's clock says ${now.toISOString()}, but the timestamp was signed at ${issued}.`;
  return [{ code: 'clock-behind', severity: 'error', message, remedy: 'Set the clock (timedatectl), then try again.' }];
}

function futureFindings({ role, path, releasedAt }: Image, now: Date): Finding[] {
  if (Date.parse(releasedAt) <= now.getTime() + CLOCK_TOLERANCE_SECONDS * 1000) return [];
  const message = `${path} was released at ${releasedAt}, which has not come yet.`;
  const remedy = 'Check the clock of this machine and of the one that added the release.';
  return [{ code: 'released-in-future', severity: 'warning', role, path, message, remedy }];
}
