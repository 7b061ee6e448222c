/**
 * What was tried and how it ended, by component, counter and hash: a record that outlives the update, so that a release
 * that failed here is not tried again and again. Only a higher attempt of the server, up to a cap, or the owner asks again.
 */
import { type Code, CodeName, Counter, LIMITS, Name, Sha256 } from '@tidegate/protocol';
import type { Static } from 'typebox';
import * as Type from '@tidegate/protocol/type';
import type { DurableFiles } from '../durable/durable-files.ts';
import { createStateFile } from '../durable/state-file.ts';
import type { Update } from './state.ts';

const RECORDS_KEPT = 64;

const AttemptRecord = Type.Object({
  component: Name,
  counter: Counter,
  sha256: Sha256,
  /** The server's attempt that was last tried. */
  attempt: Type.Integer({ minimum: 1 }),
  /** Times that the installation was begun within that attempt. */
  installs: Type.Integer({ minimum: 0 }),
  /** Why it failed; absent while it has not. */
  cause: Type.Optional(CodeName),
});
export type AttemptRecord = Static<typeof AttemptRecord>;
const Attempts = Type.Object({ records: Type.Array(AttemptRecord) });

/** Whether a release failed here and this attempt of the server gives it no new chance. Pure. */
export function failedBefore(record: AttemptRecord | undefined, offeredAttempt: number): boolean {
  if (record?.cause === undefined) return false;
  return offeredAttempt <= record.attempt || offeredAttempt > LIMITS.attemptsPerRollout;
}

export interface AttemptLog {
  find(update: Update): AttemptRecord | undefined;
  /** Counts the start of an installation, durable before it starts. @returns how often it was started in this attempt */
  beginInstall(update: Update): Promise<number>;
  fail(update: Update, cause: Code): Promise<void>;
}

export async function openAttemptLog(files: DurableFiles, path: string): Promise<AttemptLog> {
  const file = createStateFile({ files, path, format: 1, schema: Attempts });
  const loaded = await file.load();
  let records: readonly AttemptRecord[] = loaded.kind === 'value' ? loaded.value.records : [];

  const find = (update: Update) => records.find(r => isSame(r, update));
  const put = async (record: AttemptRecord) => {
    const next = [...records.filter(r => !isSame(r, record)), record].slice(-RECORDS_KEPT);
    await file.save({ records: next });
    records = next;
  };
  const current = (update: Update): AttemptRecord => {
    const known = find(update);
    const fresh = { ...keyOf(update), attempt: update.attempt, installs: 0 };
    // A cause from before does not speak about this try: whoever began it was allowed to.
    return known && known.attempt === update.attempt && known.cause === undefined ? known : fresh;
  };

  return {
    find,
    async beginInstall(update) {
      const record = current(update);
      await put({ ...record, installs: record.installs + 1 });
      return record.installs + 1;
    },
    async fail(update, cause) {
      await put({ ...current(update), cause });
    },
  };
}

function keyOf(update: Update) {
  const { component, target } = update;
  return { component, counter: target.firmware.counter, sha256: target.sha256 };
}

function isSame(record: AttemptRecord, other: Update | AttemptRecord): boolean {
  const key = 'target' in other ? keyOf(other) : other;
  return record.component === key.component && record.counter === key.counter && record.sha256 === key.sha256;
}
