/** Reads an audit log from its first line and says where it was tampered with, and where it ends. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { closed, jsonParser, Sha256 } from '@tidegate/protocol';
import { Type } from 'typebox';
import { SignerError } from '../../signer-error.ts';
import { errorCode, readBounded } from '../../store/durable-file.ts';
import { BEFORE_FIRST, follow, type Link } from './chain.ts';

export interface VerifiedLog extends Link {
  /** Bytes at the end that are no whole line: a process was killed while it wrote; nobody was told that it was done. */
  readonly tornBytes: number;
  /** Bytes of whole lines. */
  readonly wholeBytes: number;
}

/** Longest line that is read. */
export const LINE_BYTES = 64 * 1024;

export function auditFile(serviceDir: string): string {
  return join(serviceDir, 'audit.jsonl');
}

export function headFile(serviceDir: string): string {
  return join(serviceDir, 'audit-head.json');
}

const parseHead = jsonParser(closed({ seq: Type.Integer({ minimum: 0 }), hash: Sha256 }));

/** The last line as it was noted beside the log. */
export async function readHead(serviceDir: string): Promise<Link> {
  const bytes = await readBounded(headFile(serviceDir), 1024);
  if (!bytes) return BEFORE_FIRST;
  const parsed = parseHead(bytes.toString('utf8'));
  if (parsed.ok) return parsed.value;
  throw broken('the note of its last line cannot be read');
}

/**
 * @param anchors lines that are known from elsewhere and must be there, such as from the process's own log
 * @throws SignerError `audit-broken` with the number of the first line that is wrong
 */
export async function verifyLog(serviceDir: string, anchors: readonly Link[] = []): Promise<VerifiedLog> {
  const head = await readHead(serviceDir);
  const wanted = new Map([...anchors, head].filter(l => l.seq > 0).map(l => [l.seq, l.hash]));
  let last = BEFORE_FIRST;
  let wholeBytes = 0;
  let tornBytes = 0;
  for await (const { text, whole, bytes } of linesOf(auditFile(serviceDir))) {
    if (!whole) {
      tornBytes = bytes;
      break;
    }
    const followed = follow(last, text);
    if (!followed.ok) throw broken(`line ${last.seq + 1} is wrong: ${followed.why}`);
    last = followed.link;
    const known = wanted.get(last.seq);
    if (known !== undefined && known !== last.hash) throw broken(`line ${last.seq} is not the one that was written`);
    wanted.delete(last.seq);
    wholeBytes += bytes;
  }
  const [lost] = [...wanted.keys()].toSorted((a, b) => a - b);
  if (lost !== undefined) throw broken(`it ends at line ${last.seq}, but line ${lost} was written`);
  // The note follows each line at once, so at most one line can be ahead of it.
  if (last.seq > head.seq + 1) throw broken(`it has ${last.seq} lines, but only ${head.seq} were noted`);
  return { ...last, tornBytes, wholeBytes };
}

function broken(why: string): SignerError {
  return new SignerError('audit-broken', `The audit log does not hold: ${why}.`);
}

interface TextLine {
  readonly text: string;
  readonly whole: boolean;
  readonly bytes: number;
}

async function* linesOf(path: string): AsyncGenerator<TextLine> {
  let rest = Buffer.alloc(0);
  try {
    for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
      rest = Buffer.concat([rest, piece]);
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        yield { text: rest.subarray(0, end).toString('utf8'), whole: true, bytes: end + 1 };
        rest = rest.subarray(end + 1);
      }
      if (rest.length > LINE_BYTES) throw broken('a line is longer than any that is written');
    }
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  if (rest.length > 0) yield { text: '', whole: false, bytes: rest.length };
}
