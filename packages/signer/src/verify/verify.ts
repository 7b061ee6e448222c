/**
 * Sees a repository as a device does: a full tuf-js refresh from a trusted root, then every delegated list by look-up.
 * Nothing of the local bookkeeping is believed.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS, METADATA_BASE } from '@tidegate/protocol';
import { type Fetcher, Updater } from 'tuf-js';
import { type Clock, systemClock } from '../clock.ts';
import { checkedUrl } from '../http/exchange.ts';
import { SignerError } from '../signer-error.ts';
import { readBounded } from '../store/durable-file.ts';
import { storeAt } from '../store/store.ts';
import { isTargets, type Signed, type TargetEntry } from '../tuf/metadata.ts';
import { parseFor, parseTargets } from '../tuf/parse.ts';
import { maxBytesOf, kindOf } from '../tuf/role.ts';
import { folderFetcher, httpFetcher } from './fetchers.ts';

export interface VerifyRequest {
  /** A repository folder, a server's address (`https://host`), or the address of a mirror's metadata folder. */
  readonly source: string;
  /** Bytes of the root that is trusted beforehand. */
  readonly root: Uint8Array;
  readonly now?: Clock | undefined;
}

export interface VerifiedRole {
  readonly role: string;
  readonly version: number;
  readonly expires: string;
}

export interface VerifiedTarget {
  readonly path: string;
  readonly role: string;
  readonly sha256: string;
  readonly lengthBytes: number;
  readonly custom: TargetEntry['custom'];
}

export interface Verified {
  readonly roles: readonly VerifiedRole[];
  readonly targets: readonly VerifiedTarget[];
}

/** @throws SignerError `expired`, or `verification-failed` with the client's own words */
export async function verifyRepository({ source, root, now = systemClock }: VerifyRequest): Promise<Verified> {
  const { fetcher, base } = whereFrom(source);
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-verify-'));
  try {
    await writeFile(join(dir, 'root.json'), root);
    return await walk(dir, client(dir, base, fetcher, now()));
  } catch (error) {
    throw asSignerError(error);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function whereFrom(source: string): { fetcher: Fetcher; base: string } {
  // The address is never asked: the folder's fetcher looks at the file's name only.
  if (!/^https?:/.test(source)) {
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

async function walk(dir: string, updater: Updater): Promise<Verified> {
  await updater.refresh();
  const targets = parseTargets(await trusted(dir, 'targets'), 'targets.json');
  const delegated = targets.signed.delegations?.roles ?? [];
  for (const { paths } of delegated) {
    // Looking for what is not there makes the client fetch and check the list that could have it.
    for (const path of paths) await updater.getTargetInfo(path.replaceAll('*', 'x'));
  }
  const names = ['root', 'timestamp', 'snapshot', 'targets', ...delegated.map(r => r.name)];
  const lists = await Promise.all(names.map(async role => ({ role, signed: await read(dir, role) })));
  return {
    roles: lists.map(({ role, signed }) => ({ role, version: signed.version, expires: signed.expires })),
    targets: lists.flatMap(({ role, signed }) =>
      !isTargets(signed)
        ? []
        : Object.entries(signed.targets).map(([path, { length, hashes, custom }]) => ({
            path,
            role,
            sha256: hashes.sha256,
            lengthBytes: length,
            custom,
          })),
    ),
  };
}

async function read(dir: string, role: string): Promise<Signed> {
  return parseFor(role)(await trusted(dir, role), `${role}.json`).signed;
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
