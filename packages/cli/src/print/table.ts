/** Tables that fit the terminal: where the room is short, columns that may shrink do, with an ellipsis; ids never do. */
import stringWidth from 'string-width';
import { clean } from './clean.ts';

export interface Column<T> {
  readonly title: string;
  readonly value: (item: T) => string;
  /** May be cut where the terminal is narrow. */
  readonly shrinks?: boolean;
}

export interface Layout {
  readonly heading: string;
  readonly line: (cells: readonly string[]) => string;
}

const GAP = '  ';
const LEAST = 8;

/** Lines under a heading. @param room columns of the terminal; undefined: nothing is cut */
export function table<T>(columns: readonly Column<T>[], items: readonly T[], room: number | undefined): string[] {
  const rows = items.map(item => cellsOf(columns, item));
  const { heading, line } = layout(columns, rows, room);
  return [heading, ...rows.map(line)];
}

export function cellsOf<T>(columns: readonly Column<T>[], item: T): string[] {
  return columns.map(c => clean(c.value(item)));
}

/** Widths for these rows; later rows of the same list go by them too. */
export function layout<T>(
  columns: readonly Column<T>[],
  rows: readonly (readonly string[])[],
  room: number | undefined,
): Layout {
  const natural = columns.map((c, i) => Math.max(stringWidth(c.title), ...rows.map(row => stringWidth(row[i] ?? ''))));
  const widths = room === undefined ? natural : fit(columns, natural, room);
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => {
        const width = widths[i] ?? 0;
        const shown = columns[i]?.shrinks === true && room !== undefined ? cut(cell, width) : cell;
        return shown + ' '.repeat(Math.max(0, width - stringWidth(shown)));
      })
      .join(GAP)
      .trimEnd();
  return { heading: line(columns.map(c => c.title)), line };
}

/** Takes from the widest column that may shrink, until all fit or none may shrink further. */
function fit<T>(columns: readonly Column<T>[], natural: readonly number[], room: number): number[] {
  const widths = [...natural];
  const total = () => widths.reduce((sum, w) => sum + w, GAP.length * (widths.length - 1));
  while (total() > room) {
    const candidates = widths.map((w, i) => ({ w, i })).filter(({ w, i }) => columns[i]?.shrinks === true && w > LEAST);
    const widest = candidates.toSorted((a, b) => b.w - a.w)[0];
    if (!widest) break;
    widths[widest.i] = widest.w - 1;
  }
  return widths;
}

const graphemes = new Intl.Segmenter();

/** At most so many columns wide. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += stringWidth(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}
