/**
 * The machine's memory: one state, written durably before it is acted on. A journal that cannot be read counts as
 * none; what the slots themselves tell then decides (`reconcile`).
 */
import type { DurableFiles } from '../durable/durable-files.ts';
import { createStateFile } from '../durable/state-file.ts';
import { JOURNAL_FORMAT, State } from './state.ts';

export interface Journal {
  /** @returns the state, and what was wrong where there was one that cannot be believed */
  read(): Promise<{ readonly state: State; readonly fault?: string }>;
  /** Writes only where something changed, so that a quiet device does not wear out its flash. */
  write(state: State): Promise<void>;
}

export function createJournal(files: DurableFiles, path: string): Journal {
  const file = createStateFile({ files, path, format: JOURNAL_FORMAT, schema: State });
  const written: { text?: string } = {};
  return {
    async read() {
      const loaded = await file.load();
      if (loaded.kind === 'value') {
        written.text = JSON.stringify(loaded.value);
        return { state: loaded.value };
      }
      return { state: { name: 'idle' }, ...(loaded.kind === 'corrupt' ? { fault: loaded.fault } : {}) };
    },
    async write(state) {
      const text = JSON.stringify(state);
      if (text === written.text) return;
      await file.save(state);
      written.text = text;
    },
  };
}
