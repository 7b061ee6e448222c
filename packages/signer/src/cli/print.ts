/** Output for people and for programs: aligned columns, sizes that can be read, a progress line that stays one line. */
import type { Terminal } from './terminal.ts';

/** Columns under headings, two spaces apart. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map(row => row[column]?.length ?? 0)));
  return (
    all
      .map(row =>
        row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd(),
      )
      .join('\n') + '\n'
  );
}

export function json(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

const BAR = 24;

/** Shows how far a file has gone, on a terminal only. */
export function progressBar(terminal: Terminal, label: string): ((done: number, total: number) => void) | undefined {
  if (!terminal.live) return undefined;
  let shown = -1;
  return (done, total) => {
    const percent = Math.floor((100 * done) / total);
    if (percent === shown) return;
    shown = percent;
    const full = Math.round((BAR * percent) / 100);
    terminal.err(`\r${label} [${'#'.repeat(full)}${' '.repeat(BAR - full)}] ${percent} %${done === total ? '\n' : ''}`);
  };
}
