/** `lint`: everything that stands against what lies in the repository, before anyone signs it. */
import type { Command } from 'commander';
import { type Common, command, openRepository, show } from './command.ts';
import { complain, findingLines } from './findings.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Common {
  readonly strict?: boolean;
}

export function lintCommand(terminal: Terminal): Command {
  return command('lint', 'Look over lists, drafts, images and clock before anyone signs.', [
    'lint',
    'lint --strict --json',
  ])
    .option('--strict', 'exit with 4 on warnings too')
    .addHelpText('after', '\nExit code: 0 no errors (warnings may be there); 4 errors.')
    .action(async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const findings = await (await openRepository(options, terminal)).lint();
      show(terminal, options, { findings }, findingLines(findings));
      complain(findings, options.strict === true);
    });
}
