/** `payload`: a draft on its way to a key holder who has no repository at hand. */
import { hash } from 'node:crypto';
import type { Command } from 'commander';
import { payloadText } from '../edit/payload.ts';
import { writeDurably } from '../store/durable-file.ts';
import { type Common, command, openRepository, show } from './command.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Common {
  readonly out: string;
}

export function payloadCommand(terminal: Terminal): Command {
  return command('payload', 'Write what a key holder needs to judge and sign a draft on another machine.', [
    'payload root --out root.payload.json',
  ])
    .argument('<role>')
    .requiredOption('--out <file>', 'file to write; it holds nothing secret')
    .action(async (role: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const repo = await openRepository(options, terminal);
      const payload = await repo.exportPayload(role);
      await writeDurably(options.out, payloadText(payload));
      const payloadSha256 = hash('sha256', Buffer.from(payload.payload, 'base64'), 'hex');
      show(
        terminal,
        options,
        { role, payloadSha256, path: options.out },
        `Wrote the draft of ${role}, payload ${payloadSha256}, to ${options.out}.\n`,
      );
    });
}
