/**
 * For how long no server has answered this device, in trusted time and over restarts; and the id by which the device
 * finds its place in schedules while no server has given it one. Belongs to the helper's side. A device that has never
 * heard of a server counts from its first start. What the disk does not take stays in memory: it costs no check-in.
 */
import { Hex32 } from '@tidegate/protocol';
import type { Static } from 'typebox';
import * as Type from '@tidegate/protocol/type';
import { asAgentError } from '../agent-error.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { createStateFile } from '../durable/state-file.ts';
import type { Log } from '../log.ts';

/** Flash wears out: what changes by less is not written. */
const WRITE_EVERY_MS = 3600_000;

const SilenceState = Type.Object({ ownId: Hex32, answeredAtMs: Type.Integer({ minimum: 0 }) });
type SilenceState = Static<typeof SilenceState>;

export interface Silence {
  /** 32 lowercase hex digits, made once by this device. */
  readonly ownId: string;
  lastsMs(): number;
  /** A server answered just now. Never throws. */
  ends(): Promise<void>;
}

export interface SilenceOptions {
  readonly files: DurableFiles;
  readonly path: string;
  readonly trustedNow: () => number;
  readonly randomId: () => string;
  readonly log: Log;
}

export async function openSilence({ files, path, trustedNow, randomId, log }: SilenceOptions): Promise<Silence> {
  const file = createStateFile({ files, path, format: 1, schema: SilenceState, copies: 2 });
  const loaded = await file.load();
  const known = loaded.kind === 'value' ? loaded.value : undefined;
  const save = async (state: SilenceState) => {
    try {
      await file.save(state);
    } catch (error) {
      log.warn({ path, why: asAgentError(error).message }, 'not written; it stays in memory');
    }
  };
  let answeredAtMs = known?.answeredAtMs ?? Number.POSITIVE_INFINITY;
  const ownId = known?.ownId ?? randomId();
  // A time that has not come was written under a clock that was wrong: it must not hold the device back until it comes.
  if (answeredAtMs > trustedNow()) {
    answeredAtMs = trustedNow();
    await save({ ownId, answeredAtMs });
  }
  let writtenMs = answeredAtMs;
  return {
    ownId,
    lastsMs: () => Math.max(0, trustedNow() - answeredAtMs),
    async ends() {
      answeredAtMs = trustedNow();
      if (Math.abs(answeredAtMs - writtenMs) < WRITE_EVERY_MS) return;
      writtenMs = answeredAtMs;
      await save({ ownId, answeredAtMs });
    },
  };
}
