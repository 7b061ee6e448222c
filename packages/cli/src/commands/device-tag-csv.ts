/**
 * `device tag --csv`: the whole file is read and judged before the first device is changed; then it goes batch by batch,
 * each of which is taken whole or not at all. Run again, it changes only what is not so yet.
 */
import { TagRowsAnswer, type TagRowsRequest } from '@tidegate/protocol';
import type { AdminApi } from '../api/admin-api.ts';
import { CliError } from '../cli-error.ts';
import { type TagBatch, tagBatches } from '../csv/tag-rows.ts';
import { progressLine } from '../print/progress-line.ts';
import { type Shown, show } from '../print/say.ts';
import type { Terminal } from '../terminal.ts';

export async function tagByCsv(
  path: string,
  openApi: () => Promise<AdminApi>,
  options: Shown,
  terminal: Terminal,
): Promise<void> {
  let total = 0;
  for await (const { rows } of tagBatches(path)) total += rows.length;
  const api = await openApi();
  const progress = progressLine(terminal, options, 'devices');
  let [done, changed] = [0, 0];
  try {
    for await (const batch of tagBatches(path)) {
      const request: TagRowsRequest = { rows: [...batch.rows] };
      try {
        changed += (await api.post('/device-tags/rows', request, TagRowsAnswer)).changed;
      } catch (error) {
        throw error instanceof CliError ? located(error, path, batch).within(goingOn(done, total)) : error;
      }
      done += batch.rows.length;
      progress.show(done, total);
    }
  } finally {
    progress.end();
  }
  show(terminal, options, { devices: total, changed }, () => [
    `${changed} of ${total === 1 ? '1 device' : `${total} devices`} changed.`,
  ]);
}

/** The server counts the rows of a batch: told as a line of the file. */
function located(error: CliError, path: string, { lines }: TagBatch): CliError {
  const [, index, column] = /^\/rows\/(\d{1,6})(?:\/(\w+))?/.exec(error.path ?? '') ?? [];
  const line = lines[Number(index)];
  if (line === undefined) return error;
  const { code, exit } = error;
  const what = error.message.replace(/ \(at [^)]*\)\.$/, '.');
  const message = `${path}, line ${line}${column === undefined ? '' : `, ${column}`}: ${what}`;
  return new CliError({ server: code, exit }, message, { path: error.path, cause: error });
}

function goingOn(done: number, total: number): string {
  return done === 0
    ? 'Nothing was changed.'
    : `The first ${done} of ${total} devices are done; run it again once that is mended.`;
}
