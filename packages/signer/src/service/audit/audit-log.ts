/**
 * The audit log on the disk: one line for each act, flushed before the act is answered for. Append-only: nothing is ever
 * rewritten, but for a last line that a kill left unfinished, and that is noted.
 */
import { open, truncate } from 'node:fs/promises';
import type { Clock } from '../../clock.ts';
import { instant } from '../../clock.ts';
import { writeDurably } from '../../store/durable-file.ts';
import type { Hold } from '../lock/folder-claim.ts';
import { type AuditEvent, type Link, nextLine } from './chain.ts';
import { auditFile, headFile, verifyLog } from './verify-log.ts';

export interface AuditLog {
  /** Resolves when the line is on the disk. */
  readonly append: (event: AuditEvent, data: Record<string, unknown>) => Promise<void>;
  /** The last line. */
  readonly head: () => Link;
}

export interface AuditOptions {
  readonly now: Clock;
  /** Within it each line is written: one process's line behind another's would break the chain. */
  readonly hold: Hold;
  /** Told of each line's place and hash, to be kept where this machine's owner cannot rewrite them. */
  readonly told: (event: AuditEvent, link: Link) => void;
}

/**
 * One process at a time may have it open. Verifies the whole chain first: a service does not write behind a forgery.
 * @throws SignerError `audit-broken`
 */
export async function openAuditLog(dir: string, { now, hold, told }: AuditOptions): Promise<AuditLog> {
  const path = auditFile(dir);
  const { tornBytes, wholeBytes, ...found } = await verifyLog(dir);
  let last: Link = found;
  let writing: Promise<void> = writeDurably(headFile(dir), JSON.stringify(last));
  await writing;

  async function write(event: AuditEvent, data: Record<string, unknown>): Promise<void> {
    const { text, link } = nextLine(last, { at: instant(now()), event, data });
    const file = await open(path, 'a', 0o640);
    try {
      await file.appendFile(`${text}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    last = link;
    await writeDurably(headFile(dir), JSON.stringify(link));
    told(event, link);
  }
  const append: AuditLog['append'] = (event, data) => {
    // One after the other; the failure of one is told to its caller and does not stop the next.
    writing = writing.catch(() => undefined).then(() => hold(() => write(event, data)));
    return writing;
  };
  if (tornBytes > 0) {
    await truncate(path, wholeBytes);
    await append('log-mended', { tornBytes });
  }
  return { append, head: () => last };
}
