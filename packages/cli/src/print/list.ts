/** Prints a list page by page, as it comes: a table, CSV, or one JSON object whose `items` hold all. */
import { stringify } from 'csv-stringify/sync';
import type { Terminal } from '../terminal.ts';
import { jsonText } from './clean.ts';
import { say, type Shown } from './say.ts';
import { cellsOf, type Column, layout, type Layout } from './table.ts';

interface Listing<T> {
  readonly pages: AsyncIterable<readonly T[]>;
  readonly columns: readonly Column<T>[];
  /** What people read where there is nothing. */
  readonly nothing: string;
}

/** @throws whatever the pages throw; a JSON object that was cut off by it does not parse */
export async function printList<T>(terminal: Terminal, options: Shown, listing: Listing<T>): Promise<void> {
  await (options.json === true ? printJson(terminal, listing.pages) : printTable(terminal, listing));
}

async function printJson<T>(terminal: Terminal, pages: AsyncIterable<readonly T[]>): Promise<void> {
  let before = '{"items":[';
  for await (const items of pages) {
    for (const item of items) {
      terminal.out(before + jsonText(item));
      before = ',';
    }
  }
  terminal.out(`${before === ',' ? '' : before}]}\n`);
}

async function printTable<T>(terminal: Terminal, { pages, columns, nothing }: Listing<T>): Promise<void> {
  let shape: Layout | undefined;
  for await (const items of pages) {
    if (items.length === 0) continue;
    const rows = items.map(item => cellsOf(columns, item));
    const first = shape === undefined;
    shape ??= layout(columns, rows, terminal.size()?.columns);
    say(terminal, ...(first ? [shape.heading] : []), ...rows.map(shape.line));
  }
  if (shape === undefined) say(terminal, nothing);
}

/** Cells that begin like a formula are marked as text, lest a spreadsheet runs what a device reported. */
export async function printCsv<T>(
  terminal: Terminal,
  pages: AsyncIterable<readonly T[]>,
  columns: readonly Column<T>[],
): Promise<void> {
  terminal.out(stringify([columns.map(c => c.title)]));
  for await (const items of pages) {
    terminal.out(
      stringify(
        items.map(item => cellsOf(columns, item)),
        { escape_formulas: true },
      ),
    );
  }
}
