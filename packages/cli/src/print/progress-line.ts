/** How far something has come, on one line that a person sees; nothing where nobody does. */
import type { Terminal } from '../terminal.ts';
import type { Shown } from './say.ts';

export interface ProgressLine {
  show(done: number, total: number): void;
  /** Leaves the line as it is and goes to the next. */
  end(): void;
}

const BAR = 24;

export function progressLine(terminal: Terminal, options: Shown, what: string): ProgressLine {
  const state = { shown: false };
  const quiet = !terminal.errIsSeen || options.json === true;
  return {
    show: (done, total) => {
      if (quiet) return;
      state.shown = true;
      const full = Math.floor((BAR * done) / total);
      terminal.err(`\r[${'#'.repeat(full)}${' '.repeat(BAR - full)}] ${done} of ${total} ${what}`);
    },
    end: () => {
      if (state.shown) terminal.err('\n');
    },
  };
}
