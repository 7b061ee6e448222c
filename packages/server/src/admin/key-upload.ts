/**
 * An upload of public keys, line by line: what is right is taken, the rest is listed with its line. Worked through in
 * small pieces, so that devices are answered meanwhile. Sent again after it broke off, it goes on where it was.
 */
import { setImmediate } from 'node:timers/promises';
import { LIMITS, type UploadReport } from '@tidegate/protocol';
import type { Deps } from '../deps.ts';
import { type KeyToRegister, registerKeys, type Registration } from '../identity/registered-key-store.ts';
import { ServerError } from '../server-error.ts';
import { allProductNames } from './fleet-store.ts';
import { readHeading, readKeyLine } from './key-line.ts';

type Refused = UploadReport['refused'][number];
interface Candidate {
  readonly line: number;
  readonly key: KeyToRegister;
}

/** Some milliseconds of work between two looks at the other requests. */
const LINES_AT_ONCE = 200;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Throws ServerError: invalid-input where the heading is wrong, body-too-large for too many lines; then nothing is taken. */
export async function uploadKeys({ db, clock }: Deps, csv: Buffer): Promise<UploadReport> {
  const [first = Buffer.alloc(0), ...lines] = linesOf(csv);
  const heading = readHeading(first);
  if ('fault' in heading) throw new ServerError('invalid-input', `the heading: ${heading.fault}`, { path: '' });
  if (lines.length > LIMITS.csvLines) {
    throw new ServerError('body-too-large', `more than ${LIMITS.csvLines} lines: send them in parts`);
  }
  const products = await allProductNames(db);
  const lineOfKey = new Map<string, number>();
  const report = { added: 0, unchanged: 0, refused: [] as Refused[] };
  for (let from = 0; from < lines.length; from += LINES_AT_ONCE) {
    const candidates: Candidate[] = [];
    for (const [i, bytes] of lines.slice(from, from + LINES_AT_ONCE).entries()) {
      if (isBlank(bytes)) continue;
      const line = from + i + 2; // counted from 1, and the heading is the first
      const read = readKeyLine(bytes, heading.columns, name => products.has(name));
      if ('fault' in read) report.refused.push({ line, ...read.fault });
      else {
        const id = read.key.publicKey.toString('base64');
        const earlier = lineOfKey.get(id);
        if (earlier !== undefined)
          report.refused.push({ line, field: 'publicKey', detail: `the same as in line ${earlier}` });
        else {
          lineOfKey.set(id, line);
          candidates.push({ line, key: read.key });
        }
      }
    }
    const results =
      candidates.length === 0
        ? []
        : await registerKeys(
            db,
            candidates.map(c => c.key),
            clock.now(),
          );
    for (const [i, result] of results.entries()) count(report, candidates[i]?.line ?? 0, result);
    await setImmediate();
  }
  report.refused.sort((a, b) => a.line - b.line);
  return report;
}

function count(
  report: { added: number; unchanged: number; refused: Refused[] },
  line: number,
  result: Registration,
): void {
  switch (result.outcome) {
    case 'added':
      report.added += 1;
      return;
    case 'unchanged':
      report.unchanged += 1;
      return;
    case 'taken':
      report.refused.push({ line, field: 'publicKey', detail: `it is known already, of product ${result.product}` });
      return;
    case 'other-label': {
      const label = result.label === null ? 'without a label' : 'with another label';
      report.refused.push({ line, field: 'label', detail: `the key is registered already, ${label}` });
    }
  }
}

/** In UTF-8 a byte 10 is never part of another character. */
function* linesOf(csv: Buffer): Generator<Buffer> {
  let from = csv.indexOf(BYTE_ORDER_MARK) === 0 ? BYTE_ORDER_MARK.length : 0;
  while (from < csv.length) {
    const found = csv.indexOf(10, from);
    const end = found === -1 ? csv.length : found;
    yield csv.subarray(from, end > from && csv[end - 1] === 13 ? end - 1 : end);
    from = end + 1;
  }
}

function isBlank(line: Buffer): boolean {
  return line.every(byte => byte === 32 || byte === 9);
}
