/** `key upload`: device keys that the manufacturer registers beforehand, from CSV, with a report of each line. */
import { LIMITS, UploadReport } from '@tidegate/protocol';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { command } from '../command.ts';
import { show } from '../print/say.ts';
import { table } from '../print/table.ts';
import { neededFile } from '../settings/files.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';

export function keyUploadCommand(terminal: Terminal): Command {
  return command('upload', 'Register device keys from CSV with the heading product,publicKey[,label].', [
    'key upload line-3.csv',
    'key upload line-3.csv --json',
  ])
    .argument('<file>', `CSV of at most ${LIMITS.csvLines} lines; public keys as SPKI, DER, base64url`)
    .addHelpText(
      'after',
      '\nLines that are right are taken even where others are not: mend those and upload them again.',
    )
    .action(async (path: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Common>();
      const bytes = await neededFile(path, LIMITS.csvBytes);
      const api = await openSession(options, terminal);
      const report = await api.upload('/device-keys', { mediaType: 'text/csv', bytes }, UploadReport);
      const { added, unchanged, refused } = report;
      show(terminal, options, report, () => [
        ...(refused.length === 0
          ? []
          : table(
              [
                { title: 'LINE', value: r => String(r.line) },
                { title: 'FIELD', value: r => r.field },
                { title: 'WHAT IS WRONG', value: r => r.detail, shrinks: true },
              ],
              refused,
              terminal.size()?.columns,
            )),
        `${added} added, ${unchanged} were there already, ${refused.length} refused.`,
      ]);
      if (refused.length > 0) {
        const message = `${refused.length} lines of ${path} were not taken: mend them and upload the file again.`;
        throw new CliError('partly-refused', message);
      }
    });
}
