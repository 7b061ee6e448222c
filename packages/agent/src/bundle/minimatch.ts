/**
 * Stands in for the package `minimatch` in the bundle, for all that it is asked there: whether one part of a target's
 * path fits one part of a delegation's pattern (TUF 4.5: * and ?, and nothing of theirs begins a hidden name). Any other
 * sign stands for itself: a pattern that means more by it delegates less, never more.
 */

/** What a regular expression takes for more than itself. */
const SPECIAL = /[\\^$.|+()[\]{}/]/;

export function minimatch(part: string, pattern: string): boolean {
  const isHidden = part.startsWith('.') && !pattern.startsWith('.');
  if (isHidden || ['', '.', '..'].includes(part)) return part === pattern;
  const signs = Array.from(pattern, sign => (sign === '*' ? '.*' : sign === '?' ? '.' : sign.replace(SPECIAL, '\\$&')));
  return new RegExp(`^${signs.join('')}$`, 'su').test(part);
}
