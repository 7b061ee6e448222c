/**
 * Entity tags (RFC 9110 8.8.3), always strong here: made of the bytes, so that any process and any mirror says the
 * same. Pure.
 */
import { hash } from 'node:crypto';

/** The SHA-256 of the bytes, in quotes. */
export function entityTag(bytes: Buffer): string {
  return tagOfHash(hash('sha256', bytes, 'hex'));
}

export function tagOfHash(sha256: string): string {
  return `"${sha256}"`;
}

/** Whether the client has these bytes already: `If-None-Match` names them, or anything (RFC 9110 13.1.2, compared weakly). */
export function hasAlready(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  // A tag may hold a comma; ours do not, so pieces of such a one match none.
  return ifNoneMatch.split(',').some(one => one.trim().replace(/^W\//, '') === tag);
}
