/** `status`: every role's version and time, and whose signatures are wanted. */
import type { Command } from 'commander';
import { type Common, command, openRepository, show } from './command.ts';
import { table } from './print.ts';
import type { Terminal } from './terminal.ts';

export function statusCommand(terminal: Terminal): Command {
  return command('status', 'Show roles, expiries and drafts that wait for signatures.', [
    'status',
    'status --json',
  ]).action(async (_options: unknown, cmd: Command) => {
    const options = cmd.optsWithGlobals<Common>();
    const repo = await openRepository(options, terminal);
    const [roles, keys] = [await repo.status(), await repo.keys()];
    const nameOf = (keyid: string) => keys.find(k => k.keyid === keyid)?.name ?? keyid.slice(0, 8);
    const lines = table(
      ['ROLE', 'VERSION', 'EXPIRES', 'TARGETS', 'DRAFT'],
      roles.map(({ role, version, expires, expired, targets, draft }) => [
        role,
        version === undefined ? '-' : String(version),
        expires === undefined ? '-' : `${expires}${expired === true ? ' EXPIRED' : ''}`,
        targets === undefined ? '-' : String(targets),
        draft ? `version ${draft.version} wants ${draft.missing} of ${draft.open.map(nameOf).join(', ')}` : '-',
      ]),
    );
    show(terminal, options, roles, lines);
  });
}
