/** `assemble`: completes drafts that have enough signatures. Exit code 3 says that some have not. */
import type { Command } from 'commander';
import { SignerError } from '../signer-error.ts';
import { type Common, command, openRepository, show } from './command.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Common {
  readonly allowPending?: boolean;
}

export function assembleCommand(terminal: Terminal): Command {
  return command('assemble', 'Complete the drafts that have enough signatures.', ['assemble', 'assemble root'])
    .argument('[roles...]', 'all that have a draft unless given')
    .option('--allow-pending', 'exit with 0 although signatures are missing')
    .action(async (roles: readonly string[], _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const repo = await openRepository(options, terminal);
      const results = await repo.assemble(roles.length === 0 ? undefined : roles);
      const lines = results.map(({ role, version, complete, missing }) =>
        complete
          ? `${role} version ${version} is complete.\n`
          : `${role} version ${version} lacks ${missing} signature(s).\n`,
      );
      show(terminal, options, results, lines.length === 0 ? 'No draft waits.\n' : lines.join(''));
      const waiting = results.filter(r => !r.complete).map(r => r.role);
      if (waiting.length > 0 && options.allowPending !== true) {
        throw new SignerError('threshold-not-met', `Signatures are missing: ${waiting.join(', ')}.`);
      }
    });
}
