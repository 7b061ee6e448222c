/**
 * The lists that a device would accept, in their own bytes: a full tuf-js refresh from a trusted root, then every
 * delegated list by look-up. Nothing of the local bookkeeping is believed.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdRole, LIMITS, METADATA_BASE } from '@tidegate/protocol';
import { type Fetcher, Updater } from 'tuf-js';
import { type Clock, systemClock } from '../clock.ts';
import { checkedUrl } from '../http/exchange.ts';
import { SignerError } from '../signer-error.ts';
import { readBounded } from '../store/durable-file.ts';
import { inRoom } from '../store/room.ts';
import { storeAt } from '../store/store.ts';
import type { Delegation, Signed } from '../tuf/metadata.ts';
import { parseFor, parseTargets } from '../tuf/parse.ts';
import { maxBytesOf, kindOf } from '../tuf/role.ts';
import { folderFetcher, httpFetcher } from './fetchers.ts';

export interface VerifyRequest {
  /** A repository folder, a server's address (`https://host`), or the address of a mirror's metadata folder. */
  readonly source: string;
  /** Bytes of the root that is trusted beforehand. */
  readonly root: Uint8Array;
  readonly now?: Clock | undefined;
  /** Delegated roles that are not looked at. */
  readonly without?: readonly string[] | undefined;
  /** Of the delegated roles those of this product only. */
  readonly product?: string | undefined;
}

export interface TrustedList {
  readonly role: string;
  readonly bytes: Buffer;
  readonly signed: Signed;
}

/** @returns the top-level roles first @throws SignerError `expired`, or `verification-failed` with the client's own words */
export async function trustedLists({
  source,
  root,
  now = systemClock,
  without = [],
  product,
}: VerifyRequest): Promise<TrustedList[]> {
  const { fetcher, base } = whereFrom(source);
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-verify-'));
  try {
    // The client keeps what it accepts in files; its words for a full disk would read as a refusal.
    return await inRoom(dir, LIMITS.targetsBytes, async () => {
      await writeFile(join(dir, 'root.json'), root);
      const isWanted = (role: Delegation) =>
        !without.includes(role.name) && (product === undefined || isOf(role, product));
      return walk(dir, client(dir, base, fetcher, now()), isWanted);
    });
  } catch (error) {
    throw asSignerError(error);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Else it is a folder. */
export function isUrl(source: string): boolean {
  return /^https?:/.test(source);
}

function whereFrom(source: string): { fetcher: Fetcher; base: string } {
  // The address is never asked: the folder's fetcher looks at the file's name only.
  if (!isUrl(source)) {
    return { fetcher: folderFetcher(storeAt(source).metadata), base: 'http://folder.invalid/' };
  }
  const url = checkedUrl(source);
  return { fetcher: httpFetcher(), base: url.pathname === '/' ? `${url.origin}${METADATA_BASE}` : url.href };
}

function client(metadataDir: string, metadataBaseUrl: string, fetcher: Fetcher, now: Date): Updater {
  const updater = new Updater({
    metadataDir,
    metadataBaseUrl,
    fetcher,
    config: {
      maxRootRotations: LIMITS.rootRotationsPerRefresh,
      rootMaxLength: LIMITS.rootBytes,
      timestampMaxLength: LIMITS.timestampBytes,
      snapshotMaxLength: LIMITS.snapshotBytes,
      targetsMaxLength: LIMITS.targetsBytes,
    },
  });
  // tuf-js takes no clock; the field is private in its types only. A test fails when it is renamed.
  const trusted: unknown = Reflect.get(updater, 'trustedSet');
  Reflect.set(trusted as object, 'referenceTime', now);
  return updater;
}

function isOf({ name, paths }: Delegation, product: string): boolean {
  return name === holdRole(product) || paths.every(path => path.startsWith(`${product}/`));
}

async function walk(dir: string, updater: Updater, isWanted: (role: Delegation) => boolean): Promise<TrustedList[]> {
  await updater.refresh();
  const targets = parseTargets(await trusted(dir, 'targets'), 'targets.json');
  const delegated = (targets.signed.delegations?.roles ?? []).filter(isWanted);
  for (const { paths } of delegated) {
    // Looking for what is not there makes the client fetch and check the list that could have it.
    for (const path of paths) await updater.getTargetInfo(path.replaceAll('*', 'x'));
  }
  const names = ['root', 'timestamp', 'snapshot', 'targets', ...delegated.map(r => r.name)];
  return Promise.all(
    names.map(async role => {
      const bytes = await trusted(dir, role);
      return { role, bytes, signed: parseFor(role)(bytes, `${role}.json`).signed };
    }),
  );
}

/** What the client accepted lies in its folder. */
async function trusted(dir: string, role: string): Promise<Buffer> {
  const bytes = await readBounded(join(dir, `${role}.json`), maxBytesOf(kindOf(role)));
  if (!bytes) throw new SignerError('verification-failed', `A device would find no list of ${role}.`);
  return bytes;
}

function asSignerError(error: unknown): SignerError {
  if (error instanceof SignerError) return error;
  const words = (error as Error).message;
  // Within look-ups tuf-js wraps its errors into text, so the kind of error is only in the words.
  const expired = /is expired/.test(words);
  return new SignerError(
    expired ? 'expired' : 'verification-failed',
    expired
      ? `A device would refuse this: ${words}. Draft and sign that list anew, then refresh.`
      : `A device would refuse this: ${words}.`,
    { cause: error },
  );
}
