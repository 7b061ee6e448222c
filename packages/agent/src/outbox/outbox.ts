/**
 * Carries reports to the server whenever it can be reached, across restarts. Adding never fails the caller: what the
 * disk does not take stays in memory and is written with the next one.
 */
import { LIMITS, type Report } from '@tidegate/protocol';
import { asAgentError } from '../agent-error.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { createStateFile } from '../durable/state-file.ts';
import type { Log } from '../log.ts';
import type { UpdateServer } from '../ports.ts';
import { acknowledge, EMPTY_OUTBOX, enqueue, nextBatch, OutboxState } from './queue.ts';

export interface Outbox {
  /** `refusal`: the offer was turned down before anything was touched. */
  add(report: Omit<Report, 'id'>, refusal: boolean): Promise<void>;
  /** Sends all that waits. @throws AgentError network */
  flush(signal?: AbortSignal): Promise<void>;
  pending(): number;
}

export interface OutboxDeps {
  readonly files: DurableFiles;
  readonly path: string;
  readonly server: UpdateServer;
  readonly randomId: () => string;
  readonly log: Log;
}

export async function openOutbox({ files, path, server, randomId, log }: OutboxDeps): Promise<Outbox> {
  const file = createStateFile({ files, path, format: 1, schema: OutboxState });
  const loaded = await file.load();
  if (loaded.kind === 'corrupt') log.warn({ fault: loaded.fault }, 'outbox cannot be read; starts empty');
  let state = loaded.kind === 'value' ? loaded.value : EMPTY_OUTBOX;

  const save = async () => {
    try {
      await file.save(state);
    } catch (error) {
      log.warn({ err: asAgentError(error).message }, 'outbox not written; it stays in memory');
    }
  };

  return {
    async add(report, refusal) {
      const detail = report.detail?.slice(0, LIMITS.detailChars);
      const next = enqueue(state, { ...report, ...(detail === undefined ? {} : { detail }), id: randomId() }, refusal);
      if (next === state) return;
      state = next;
      await save();
    },
    async flush(signal) {
      while (state.pending.length > 0 && server.enrolled()) {
        const sent = nextBatch(state);
        const acknowledged = await server.sendReports(sent, signal);
        const known = sent.map(r => r.id).filter(id => acknowledged.includes(id));
        // A server that acknowledges nothing would keep us here for ever.
        if (known.length === 0) return;
        state = acknowledge(state, known);
        await save();
      }
    },
    pending: () => state.pending.length,
  };
}
