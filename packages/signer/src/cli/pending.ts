/** `pending`: what waits for signatures at a signing service, and whose. */
import type { Command } from 'commander';
import type { SubmissionView } from '@tidegate/protocol';
import { type SubmissionsApi, submissionsApi } from '../submit/submissions-api.ts';
import { type Common, command, show } from './command.ts';
import { neededFile } from './files.ts';
import { table } from './print.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Common {
  readonly service: string;
  readonly tokenFile: string;
  readonly role?: string;
}

const TOKEN_BYTES = 4096;
/** Nobody reads more; a service that never comes to an end is not followed for ever. */
const PAGES = 100;

export function pendingCommand(terminal: Terminal): Command {
  return command('pending', 'Show what waits for signatures at a signing service.', [
    'pending --service https://signing.example --token-file ./reader.token',
  ])
    .requiredOption('--service <url>', "the signing service's address")
    .requiredOption('--token-file <file>', "file with a reader's token")
    .option('--role <role>', 'of this role only')
    .action(async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const token = (await neededFile(options.tokenFile, TOKEN_BYTES)).toString('utf8').trim();
      const waiting = await allWaiting(submissionsApi(options.service), token, options.role);
      const rows = waiting.map(s => [s.id, s.role, String(s.version), String(s.missing), whoCan(s), s.createdAt]);
      const next = `Next: tidegate-signer sign --submission ID --service ${options.service} --trusted-root FILE --key KEY\n`;
      const headings = ['SUBMISSION', 'ROLE', 'VERSION', 'MISSING', 'CAN SIGN', 'SINCE'];
      const lines = rows.length === 0 ? 'Nothing waits.\n' : table(headings, rows) + next;
      show(terminal, options, waiting, lines);
    });
}

async function allWaiting(api: SubmissionsApi, token: string, role: string | undefined): Promise<SubmissionView[]> {
  const found: SubmissionView[] = [];
  let after: string | undefined;
  for (let turn = 0; turn < PAGES; turn++) {
    const { items, next } = await api.list({ state: 'waiting', role, after }, token);
    found.push(...items);
    if (next === null) break;
    after = next;
  }
  return found;
}

function whoCan({ quorums }: SubmissionView): string {
  return [...new Set(quorums.flatMap(quorum => quorum.open.map(holder => holder.name)))].join(', ');
}
