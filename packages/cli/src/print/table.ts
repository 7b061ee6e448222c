/** Tables that fit the terminal: where the room is short, columns that may shrink do, with an ellipsis; ids never do. */
import stringWidth from 'string-width';
import { clean } from './clean.ts';

export interface Column<T> {
  readonly title: string;
  readonly value: (item: T) => string;
  /** May be cut where the terminal is narrow. */
  readonly shrinks?: boolean;
  /** Left out where the terminal is too narrow for all, the last such column first. */
  readonly optional?: boolean;
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
  const kept = room === undefined ? columns.map((_, i) => i) : choose(columns, natural, room);
  const widths = room === undefined ? natural : fit(columns, natural, kept, room);
  const line = (cells: readonly string[]) =>
    kept
      .map(i => {
        const width = widths[i] ?? 0;
        const shown =
          columns[i]?.shrinks === true && room !== undefined ? cut(cells[i] ?? '', width) : (cells[i] ?? '');
        return shown + ' '.repeat(Math.max(0, width - stringWidth(shown)));
      })
      .join(GAP)
      .trimEnd();
  return { heading: line(columns.map(c => c.title)), line };
}

/** Indices of the columns that are shown: all, or without optional ones where even shrunk they would not fit. */
function choose<T>(columns: readonly Column<T>[], natural: readonly number[], room: number): number[] {
  let kept = columns.map((_, i) => i);
  const least = (i: number) =>
    Math.min(natural[i] ?? 0, columns[i]?.shrinks === true ? LEAST : Number.POSITIVE_INFINITY);
  while (total(kept.map(least)) > room) {
    const last = kept.findLast(i => columns[i]?.optional === true);
    if (last === undefined) break;
    kept = kept.filter(i => i !== last);
  }
  return kept;
}

/** Takes from the widest column that may shrink, until all fit or none may shrink further. */
function fit<T>(
  columns: readonly Column<T>[],
  natural: readonly number[],
  kept: readonly number[],
  room: number,
): number[] {
  const widths = [...natural];
  const widthOf = (i: number) => widths[i] ?? 0;
  while (total(kept.map(widthOf)) > room) {
    const candidates = kept.filter(i => columns[i]?.shrinks === true && widthOf(i) > LEAST);
    const widest = candidates.toSorted((a, b) => widthOf(b) - widthOf(a))[0];
    if (widest === undefined) break;
    widths[widest] = widthOf(widest) - 1;
  }
  return widths;
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, w) => sum + w, GAP.length * (widths.length - 1));
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
