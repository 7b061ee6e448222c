/**
 * A table of devices with their tags and groups, read as a stream: in memory is one batch at a time, however long the
 * file. A fault names line and column.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { HEX_32_PATTERN, LIMITS, TAG_PATTERN, TAGGED_BY_NAME, type TagRow } from '@tidegate/protocol';
import { CsvError, parse } from 'csv-parse';
import { CliError } from '../cli-error.ts';

export const TAG_COLUMNS = ['device', 'add', 'remove', 'group'] as const;
type Column = (typeof TAG_COLUMNS)[number];

export interface TagBatch {
  readonly rows: readonly TagRow[];
  /** In the file, of each row. */
  readonly lines: readonly number[];
}

interface Line {
  readonly record: readonly string[];
  /** Counted from 1, the heading included. */
  readonly line: number;
}

/** Longer than any right line: a device, twice 32 tags of 64 characters, a group. */
const LINE_CHARS_MAX = 8192;
/** Instead of a group: out of the one that the device is in. */
const NO_GROUP = '-';

/** At most `TAGGED_BY_NAME` rows each, no device twice in one. @throws CliError `file-unreadable`, `csv-invalid` */
export async function* tagBatches(path: string): AsyncGenerator<TagBatch> {
  let columns: readonly Column[] | undefined;
  let rows: TagRow[] = [];
  let lines = new Map<string, number>();
  for await (const { record, line } of linesOf(path)) {
    if (!columns) {
      columns = readHeading(record, path);
      continue;
    }
    const row = readRow(record, columns, detail => fault(path, line, detail));
    const earlier = lines.get(row.device);
    if (earlier !== undefined) throw fault(path, line, `device: the same as in line ${earlier}`);
    rows.push(row);
    lines.set(row.device, line);
    if (rows.length < TAGGED_BY_NAME) continue;
    yield { rows, lines: [...lines.values()] };
    [rows, lines] = [[], new Map()];
  }
  if (!columns) throw new CliError('csv-invalid', `${path} is empty: it begins with a heading, such as device,add.`);
  if (rows.length > 0) yield { rows, lines: [...lines.values()] };
}

async function* linesOf(path: string): AsyncGenerator<Line> {
  await needRegularFile(path);
  const parser = createReadStream(path).pipe(
    parse({
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      max_record_size: LINE_CHARS_MAX,
    }),
  );
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>)
      yield { record, line: info.lines };
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new CliError('csv-invalid', `${path}: ${cause.message}.`, { cause });
  }
}

/** Read twice: a pipe would be empty the second time. */
async function needRegularFile(path: string): Promise<void> {
  const about = await stat(path).catch((cause: unknown) => {
    throw new CliError('file-unreadable', `${path} cannot be read: ${(cause as Error).message}.`, { cause });
  });
  if (!about.isFile()) throw new CliError('file-unreadable', `${path} is not a regular file.`);
}

function readHeading(names: readonly string[], path: string): readonly Column[] {
  const columns = TAG_COLUMNS.filter(name => names.includes(name));
  if (columns.length === names.length && columns.includes('device') && columns.length > 1) return names as Column[];
  throw fault(path, 1, 'the heading names device, and of add, remove and group at least one, each once and no other');
}

const DEVICE = new RegExp(HEX_32_PATTERN);
const TAG = new RegExp(TAG_PATTERN);
const TAG_WORDS = 'has 1 to 64 of a-z, 0-9, dot, dash and underscore';

function readRow(record: readonly string[], columns: readonly Column[], toFault: (detail: string) => CliError): TagRow {
  if (record.length !== columns.length)
    throw toFault(`it has ${record.length} fields, the heading names ${columns.length}`);
  const field = (column: Column) => record[columns.indexOf(column)] ?? '';
  const tags = (column: Column) => {
    const found = [...new Set(field(column).split(/\s+/).filter(Boolean))];
    const wrong = found.find(tag => !TAG.test(tag));
    if (wrong !== undefined) throw toFault(`${column}: «${wrong}» is no tag, which ${TAG_WORDS}`);
    if (found.length > LIMITS.tagsPerDevice) throw toFault(`${column}: more than ${LIMITS.tagsPerDevice} tags`);
    return found;
  };
  const [device, group] = [field('device'), field('group')];
  if (!DEVICE.test(device)) throw toFault(`device: «${device}» is no id of 32 hex digits`);
  if (group !== '' && group !== NO_GROUP && !TAG.test(group))
    throw toFault(`group: «${group}» is none, a group ${TAG_WORDS}`);
  const [add, remove] = [tags('add'), tags('remove')];
  return {
    device,
    ...(add.length > 0 && { add }),
    ...(remove.length > 0 && { remove }),
    ...(group !== '' && { group: group === NO_GROUP ? null : group }),
  };
}

function fault(path: string, line: number, detail: string): CliError {
  return new CliError('csv-invalid', `${path}, line ${line}: ${detail}.`);
}
