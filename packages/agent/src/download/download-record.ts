/**
 * What must be remembered of a download besides its bytes: how much was fetched in all, so that a server that breaks off
 * again and again cannot use up a device's data plan, and whose bytes they are, so that they are only added to if unchanged.
 */
import { Sha256 } from '@tidegate/protocol';
import type { Static } from 'typebox';
import * as Type from '@tidegate/protocol/type';
import { AgentError } from '../agent-error.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { createStateFile } from '../durable/state-file.ts';

/** A target is fetched at most so many times over. */
const BUDGET_FACTOR = 3;
/** Room for small files, whose first tries may each end at once. */
const LEAST_BUDGET_BYTES = 64 * 1024;
/** The count on disk lags by at most this share of the whole: a power cut loses no more. */
const SAVED_PER_DOWNLOAD = 16;

export interface DownloadRecord {
  /** The tag under which a source gave the bytes that are held. */
  etagOf(source: string): string | undefined;
  /** Durable with the next save: a tag that is lost costs nothing, since the whole is hashed in any case. */
  setSource(source: string, etag: string | undefined): void;
  /** Bytes that may still be fetched. */
  budgetLeft(): number;
  /** @throws AgentError data-budget once more was fetched than allowed */
  count(bytes: number): Promise<void>;
  /** How often a shorter way was tried in vain. */
  triesOf(deltaSha256: string): number;
  /** Durable when it resolves. @returns the tries so far */
  noteTry(deltaSha256: string, tries: number): Promise<number>;
  save(): Promise<void>;
}

const Schema = Type.Object({
  fetchedBytes: Type.Integer({ minimum: 0 }),
  source: Type.Optional(Type.String()),
  etag: Type.Optional(Type.String({ maxLength: 256 })),
  /** Tries in vain, by the hash of the delta. */
  tries: Type.Optional(Type.Record(Sha256, Type.Integer({ minimum: 0 }))),
});

export async function openDownloadRecord(
  files: DurableFiles,
  path: string,
  lengthBytes: number,
): Promise<DownloadRecord> {
  const file = createStateFile({ files, path, format: 1, schema: Schema });
  const loaded = await file.load();
  let record: Static<typeof Schema> = loaded.kind === 'value' ? loaded.value : { fetchedBytes: 0 };
  const budget = Math.max(BUDGET_FACTOR * lengthBytes, LEAST_BUDGET_BYTES);
  const stepBytes = Math.max(1024 * 1024, lengthBytes / SAVED_PER_DOWNLOAD);
  let unsaved = 0;

  const save = async () => {
    unsaved = 0;
    await file.save(record);
  };

  return {
    etagOf: source => (record.source === source ? record.etag : undefined),
    setSource(source, etag) {
      const { source: _source, etag: _etag, ...rest } = record;
      record = { ...rest, source, ...(etag === undefined ? {} : { etag }) };
    },
    budgetLeft: () => budget - record.fetchedBytes,
    async count(bytes) {
      record = { ...record, fetchedBytes: record.fetchedBytes + bytes };
      unsaved += bytes;
      if (unsaved >= stepBytes) await save();
      if (record.fetchedBytes > budget)
        throw new AgentError('data-budget', `${record.fetchedBytes} bytes were fetched for ${lengthBytes}`);
    },
    triesOf: sha256 => record.tries?.[sha256] ?? 0,
    async noteTry(sha256, tries) {
      const sum = (record.tries?.[sha256] ?? 0) + tries;
      record = { ...record, tries: { ...record.tries, [sha256]: sum } };
      await save();
      return sum;
    },
    save,
  };
}
