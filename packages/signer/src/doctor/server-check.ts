/**
 * The server that devices ask, beside the folder: whose root, snapshot and timestamp are newer. The server's word is
 * compared and not believed: `verify` judges what it serves.
 */
import { LIMITS, METADATA_BASE } from '@tidegate/protocol';
import type { Clock } from '../clock.ts';
import { type Answer, checkedUrl, exchange } from '../http/exchange.ts';
import { SignerError } from '../signer-error.ts';
import { parseTimestamp } from '../tuf/parse.ts';
import type { ServedTime } from './clock-check.ts';
import { type Diagnosis, error, sound, warning } from './diagnosis.ts';

const IDLE_SECONDS = 10;
/** A server that is further behind has none, as far as we look. */
const ROOTS_BACK = 8;
const TAKE_OVER = 'Take the newer lists over from whoever published them, then make your change again on top of them.';

/** The newest versions in one place; undefined where there is none. */
export interface Versions {
  readonly root: number | undefined;
  readonly snapshot: number | undefined;
  readonly timestamp: number | undefined;
}

export interface SeenServer {
  readonly url: string;
  /** Why it could not be asked. */
  readonly fault?: string;
  readonly time?: ServedTime | undefined;
  readonly versions?: Versions;
  readonly timestampBytes?: Buffer;
}

/** @param ours newest root in the folder: the server is asked for it and its successor */
export async function seenServer(text: string, ours: number | undefined, now: Clock): Promise<SeenServer> {
  const url = checkedUrl(text);
  const get = (file: string, maxBytes: number) =>
    exchange({ method: 'GET', url: new URL(`${METADATA_BASE}/${file}`, url), idleSeconds: IDLE_SECONDS, maxBytes });
  try {
    const askedAt = now();
    const answer = await get('timestamp.json', LIMITS.timestampBytes);
    const time = servedTime(answer, askedAt, now());
    if (answer.status !== 200) return { url: url.origin, time, fault: `timestamp.json: status ${answer.status}` };
    const { signed } = parseTimestamp(answer.body, 'timestamp.json');
    const root = await newestRoot(ours ?? 0, async version => {
      const { status } = await get(`${version}.root.json`, LIMITS.rootBytes);
      return status === 200;
    });
    const versions = { root, snapshot: signed.meta['snapshot.json'].version, timestamp: signed.version };
    return { url: url.origin, time, versions, timestampBytes: answer.body };
  } catch (cause) {
    if (cause instanceof SignerError) return { url: url.origin, fault: cause.message };
    throw cause;
  }
}

function servedTime({ headers }: Answer, askedAt: Date, answeredAt: Date): ServedTime | undefined {
  const date = new Date(headers.date ?? '');
  const tookSeconds = Math.max(0, answeredAt.getTime() - askedAt.getTime()) / 1000;
  return Number.isNaN(date.getTime()) ? undefined : { date, answeredAt, tookSeconds };
}

/** As near to ours as matters: one above it, ours, or the next one below that is there. */
async function newestRoot(ours: number, isThere: (version: number) => Promise<boolean>): Promise<number | undefined> {
  const last = Math.max(1, ours - ROOTS_BACK);
  for (let version = ours + 1; version >= last; version--) if (await isThere(version)) return version;
  return undefined;
}

/** @param bytes of the folder's own timestamp */
export function serverDiagnoses(seen: SeenServer, ours: Versions, bytes: Uint8Array | undefined): readonly Diagnosis[] {
  const { url, versions } = seen;
  if (!versions) {
    const message = `${url} does not serve a repository: ${seen.fault}`;
    const remedy = 'Look whether the address is the one for devices, the server is up, and something was published.';
    return [error('server', { code: 'server-unreachable', message, remedy })];
  }
  const found = (['root', 'snapshot', 'timestamp'] as const).flatMap(role =>
    compared(role, versions[role], ours[role], url),
  );
  if (found.length > 0) return found;
  if (bytes && seen.timestampBytes?.equals(bytes) === false) {
    const message = `${url} serves another timestamp ${versions.timestamp} than this folder has: somebody else signed one of the same number.`;
    return [error('server', { code: 'server-differs', message, remedy: TAKE_OVER })];
  }
  return [sound('server', `${url} serves what lies here: root ${ours.root}, timestamp ${ours.timestamp}.`)];
}

function compared(role: string, theirs: number | undefined, ours: number | undefined, url: string): Diagnosis[] {
  const [there, here] = [theirs ?? 0, ours ?? 0];
  if (there === here) return [];
  if (there < here) {
    const message = `${url} serves ${role} ${theirs ?? '(none)'}; here is ${here}.`;
    return [warning('server', { code: 'server-behind', message, remedy: 'Publish: tidegate-signer publish.' })];
  }
  const message = `${url} serves ${role} ${there}; here is ${ours ?? 'none'}: somebody else published since.`;
  return [error('server', { code: 'server-ahead', message, remedy: TAKE_OVER })];
}
