/**
 * The audit log as a chain: each line holds the hash of the line before and its own place, so no line can be changed,
 * taken out or moved without the next one telling. Pure. Who may rewrite the whole file can forge the whole chain: what
 * stands against that is a line's place and hash kept elsewhere, as the process's own log has them.
 */
import { hash } from 'node:crypto';
import { closed, Instant, jsonParser, Sha256 } from '@tidegate/protocol';
import { type Static, Type } from 'typebox';

export const AUDIT_EVENTS = [
  'activated',
  'submission-opened',
  'submission-changed',
  'refused',
  'refusals-not-listed',
  'signature-added',
  'list-completed',
  'online-signed',
  'published',
  'publish-failed',
  'log-mended',
] as const;
export type AuditEvent = (typeof AUDIT_EVENTS)[number];

export const AuditLine = closed({
  /** 1, 2, 3 … */
  seq: Type.Integer({ minimum: 1 }),
  at: Instant,
  event: Type.Enum([...AUDIT_EVENTS]),
  data: Type.Record(Type.String(), Type.Unknown()),
  /** SHA-256 of the line before, without its line end; zeros before the first. */
  prev: Sha256,
});
export type AuditLine = Static<typeof AuditLine>;

/** A line's place and hash. */
export interface Link {
  readonly seq: number;
  readonly hash: string;
}

export const BEFORE_FIRST: Link = { seq: 0, hash: '0'.repeat(64) };

const parseLine = jsonParser(AuditLine);

export function nextLine(last: Link, entry: Pick<AuditLine, 'at' | 'event' | 'data'>): { text: string; link: Link } {
  const { at, event, data } = entry;
  const line: AuditLine = { seq: last.seq + 1, at, event, data, prev: last.hash };
  const text = JSON.stringify(line);
  return { text, link: { seq: line.seq, hash: lineHash(text) } };
}

export type Followed =
  | { readonly ok: true; readonly link: Link; readonly line: AuditLine }
  | { readonly ok: false; readonly why: string };

/** Whether a line follows on from the one before. */
export function follow(last: Link, text: string): Followed {
  const parsed = parseLine(text);
  if (!parsed.ok) return { ok: false, why: `it cannot be read: ${parsed.fault.path || 'it'} ${parsed.fault.message}` };
  const line = parsed.value;
  if (line.seq !== last.seq + 1) return { ok: false, why: `it is number ${line.seq} where ${last.seq + 1} belongs` };
  if (line.prev !== last.hash) return { ok: false, why: 'the line before it is not the one that it was written after' };
  return { ok: true, link: { seq: line.seq, hash: lineHash(text) }, line };
}

function lineHash(text: string): string {
  return hash('sha256', text, 'hex');
}
