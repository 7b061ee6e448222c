/**
 * Submissions on the disk: one record each, and beside it the list as it came, until it is final. Held in memory too,
 * since one process at a time works on them.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HEX_32_PATTERN, jsonParser, LIMITS } from '@tidegate/protocol';
import { SignerError } from '../../signer-error.ts';
import { readBounded, sweepAside, syncFolder, writeDurably } from '../../store/durable-file.ts';
import type { Hold } from '../lock/folder-claim.ts';
import { isFinal, Submission } from './submission.ts';

export interface SubmissionStore {
  readonly get: (id: string) => Submission | undefined;
  /** Newest first. */
  readonly all: () => readonly Submission[];
  /** Durable when it resolves. A final one loses its list. */
  readonly put: (submission: Submission) => Promise<void>;
  readonly add: (submission: Submission, list: Uint8Array) => Promise<void>;
  /** The list as it came. */
  readonly list: (id: string) => Promise<Buffer>;
  readonly remove: (id: string) => Promise<void>;
}

const parseRecord = jsonParser(Submission);
const RECORD_BYTES = 512 * 1024;
const recordName = new RegExp(`${HEX_32_PATTERN.slice(0, -1)}\\.json$`);

/** @throws SignerError `repository-damaged` where a record cannot be read */
export async function openSubmissionStore(dir: string, hold: Hold): Promise<SubmissionStore> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await sweepAside(dir);
  const found = new Map<string, Submission>();
  for (const name of (await readdir(dir)).filter(n => recordName.test(n))) {
    const submission = await readRecord(join(dir, name));
    found.set(submission.id, submission);
  }
  const recordPath = (id: string) => join(dir, `${id}.json`);
  const listPath = (id: string) => join(dir, `${id}.list`);

  const write = async (submission: Submission) => {
    await writeDurably(recordPath(submission.id), `${JSON.stringify(submission)}\n`, 0o600);
    found.set(submission.id, submission);
    if (isFinal(submission)) await rm(listPath(submission.id), { force: true });
  };
  return {
    get: id => found.get(id),
    all: () => [...found.values()].toSorted((a, b) => newestFirst(a, b)),
    put: submission => hold(() => write(submission)),
    // The list first: a record without its list would be of no use.
    add: (submission, list) =>
      hold(async () => {
        await writeDurably(listPath(submission.id), list, 0o600);
        await write(submission);
      }),
    list: async id => {
      const bytes = await readBounded(listPath(id), LIMITS.targetsBytes);
      if (bytes) return bytes;
      throw new SignerError('repository-damaged', `The list of submission ${id} is gone.`);
    },
    remove: id =>
      hold(async () => {
        await rm(recordPath(id), { force: true });
        await rm(listPath(id), { force: true });
        await syncFolder(dir);
        found.delete(id);
      }),
  };
}

function newestFirst(a: Submission, b: Submission): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}

async function readRecord(path: string): Promise<Submission> {
  const parsed = parseRecord((await readBounded(path, RECORD_BYTES))?.toString('utf8') ?? '');
  if (parsed.ok) return parsed.value;
  const { path: at, message } = parsed.fault;
  throw new SignerError('repository-damaged', `${path} cannot be read: ${at || 'it'} ${message}.`);
}
