/** `api-token list`, `api-token revoke`: whose tokens there are, and letting one in no more. */
import { ApiTokenView } from '@tidegate/protocol';
import type { Command } from 'commander';
import { command, confirm, hex32 } from '../command.ts';
import { printList } from '../print/list.ts';
import { show } from '../print/say.ts';
import { localTime } from '../print/when.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';

export function apiTokenListCommand(terminal: Terminal): Command {
  return command('list', 'List API tokens, revoked ones included. The tokens themselves nobody can see again.', [
    'api-token list',
    'api-token list --json',
  ]).action(async (_options: unknown, cmd: Command) => {
    const options = cmd.optsWithGlobals<Common>();
    const api = await openSession(options, terminal);
    await printList(terminal, options, {
      pages: api.pages('/tokens', {}, ApiTokenView),
      columns: [
        { title: 'ID', value: t => t.id },
        { title: 'NAME', value: t => t.name, shrinks: true },
        { title: 'ROLE', value: t => t.role },
        { title: 'MADE', value: t => localTime(t.createdAt), shrinks: true },
        { title: 'REVOKED', value: t => (t.revokedAt === null ? '-' : localTime(t.revokedAt)), shrinks: true },
      ],
      nothing: 'There is no token.',
    });
  });
}

interface RevokeOptions extends Common {
  readonly yes?: boolean;
}

export function apiTokenRevokeCommand(terminal: Terminal): Command {
  return command('revoke', 'Let a token in no more, from its next request on.', [
    'api-token revoke 0123456789abcdef0123456789abcdef',
    'api-token revoke 0123456789abcdef0123456789abcdef --yes --json',
  ])
    .argument('<id>', 'as `api-token list` shows it', hex32)
    .option('--yes', 'do not ask')
    .action(async (id: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<RevokeOptions>();
      const api = await openSession(options, terminal);
      await confirm(terminal, options.yes, `Let the token ${id} in no more? There is no way back.`);
      const revoked = await api.post(`/tokens/${id}/revoke`, undefined, ApiTokenView);
      show(terminal, options, revoked, () => [`The token of ${revoked.name} (${revoked.role}) is revoked.`]);
    });
}
