/** `audit verify`: whether the service's audit log is as it was written. */
import { Command, InvalidArgumentError } from 'commander';
import type { Link } from '../service/audit/chain.ts';
import { verifyLog } from '../service/audit/verify-log.ts';
import { serviceDir } from '../service/service-dir.ts';
import { type Common, command, pair, show } from './command.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Common {
  readonly anchor?: readonly Link[];
}

export function auditCommand(terminal: Terminal): Command {
  const audit = new Command('audit').description('Check the record of what the signing service did.');
  audit.addCommand(
    command('verify', 'Find a line of the audit log that was changed, taken out or moved.', [
      'audit verify --repo /var/lib/tidegate-signer/repository',
      'audit verify --anchor 812:9f86d081…    # place and hash of a line, from the collected logs',
    ])
      .option('--anchor <seq:sha256>', 'a line that is known from elsewhere and must be there; repeat', anchors)
      .addHelpText('after', '\nExit code: 0 it holds; 4 it does not, and the message names the line.')
      .action(async (_options: unknown, cmd: Command) => {
        const options = cmd.optsWithGlobals<Options>();
        const { seq, hash, tornBytes } = await verifyLog(serviceDir(options.repo), options.anchor);
        const torn =
          tornBytes > 0 ? ` A line of ${tornBytes} bytes was not finished; nobody was told that it was.` : '';
        show(terminal, options, { seq, hash, tornBytes }, `The log holds: ${seq} lines, the last is ${hash}.${torn}\n`);
      }),
  );
  return audit;
}

function anchors(text: string, before: readonly Link[] = []): readonly Link[] {
  const [seq, hash] = pair(text, ':');
  if (!/^[1-9]\d{0,14}$/.test(seq) || !/^[0-9a-f]{64}$/.test(hash)) {
    throw new InvalidArgumentError('Write it as NUMBER:SHA256.');
  }
  return [...before, { seq: Number(seq), hash }];
}
