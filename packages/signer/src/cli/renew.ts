/** `renew`: a fresh draft of a list that would run out. */
import type { Command } from 'commander';
import { type Common, command, openRepository, show } from './command.ts';
import type { Terminal } from './terminal.ts';

export function renewCommand(terminal: Terminal): Command {
  return command('renew', "Draft a role's next version with a new expiry.", ['renew h-gw2', 'renew root'])
    .argument('<role>')
    .action(async (role: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Common>();
      const result = await (await openRepository(options, terminal)).renew(role);
      const { version, expires } = result;
      show(terminal, options, result, `Draft of ${role} version ${version}, valid until ${expires}. Sign it.\n`);
    });
}
