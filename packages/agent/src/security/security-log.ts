/**
 * The device's own record of what was refused and why, for its owner alone (EN 303 645 5.3-10). Bounded: the oldest
 * goes. A refusal repeated without end is counted, not repeated.
 */
import { type Code, CodeName, CODES, Instant } from '@tidegate/protocol';
import type { Static } from 'typebox';
import * as Type from '@tidegate/protocol/type';
import { asAgentError } from '../agent-error.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { createStateFile } from '../durable/state-file.ts';
import type { Log } from '../log.ts';

const EVENTS_KEPT = 500;

const SecurityEvent = Type.Object({
  code: CodeName,
  target: Type.Optional(Type.String()),
  detail: Type.String(),
  firstAt: Instant,
  lastAt: Instant,
  times: Type.Integer({ minimum: 1 }),
});
export type SecurityEvent = Static<typeof SecurityEvent>;

export interface SecurityLog {
  /** Never throws: a full disk must not keep the device from refusing. */
  record(code: Code, detail: string, at: string, target?: string): Promise<void>;
  /** Newest last. */
  events(): readonly SecurityEvent[];
}

export async function openSecurityLog(files: DurableFiles, path: string, log: Log): Promise<SecurityLog> {
  const file = createStateFile({ files, path, format: 1, schema: Type.Object({ events: Type.Array(SecurityEvent) }) });
  const loaded = await file.load();
  let events: readonly SecurityEvent[] = loaded.kind === 'value' ? loaded.value.events : [];

  return {
    async record(code, detail, at, target) {
      log.warn({ code, target, detail }, CODES[code].text);
      const latest = events.at(-1);
      const repeated = latest?.code === code && latest.target === target;
      events = repeated
        ? [...events.slice(0, -1), { ...latest, detail, lastAt: at, times: latest.times + 1 }]
        : [
            ...events,
            { code, ...(target === undefined ? {} : { target }), detail, firstAt: at, lastAt: at, times: 1 },
          ].slice(-EVENTS_KEPT);
      try {
        await file.save({ events: [...events] });
      } catch (error) {
        log.warn({ err: asAgentError(error).message }, 'security log not written; it stays in memory');
      }
    },
    events: () => events,
  };
}
