/** `login`: remembers a server and where its token lies, once the server has taken the token. */
import { resolve } from 'node:path';
import { ProductView } from '@tidegate/protocol';
import type { Command } from 'commander';
import { adminApi } from '../api/admin-api.ts';
import { CliError } from '../cli-error.ts';
import { command } from '../command.ts';
import { show } from '../print/say.ts';
import { readConfig, writeConfig } from '../settings/config-file.ts';
import { type Common, readToken, serverUrl } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';

export function loginCommand(terminal: Terminal): Command {
  return command('login', 'Remember a server and the file of its token (its path, never the token).', [
    'login --server https://updates.example:8443 --token-file ~/operator.token',
    'login --token-file ./tidegate-data/admin-token   # the server that runs here',
  ]).action(async (_options: unknown, cmd: Command) => {
    const options = cmd.optsWithGlobals<Common>();
    const named = options.tokenFile ?? terminal.env['TIDEGATE_TOKEN_FILE'] ?? '';
    if (named === '') throw new CliError('usage', 'Say where the token lies: --token-file FILE.');
    const tokenFile = resolve(named);
    const token = (await readToken(tokenFile, true)) ?? '';
    // A config that cannot be read is what login is to replace.
    const before = await readConfig(terminal.env).catch(() => undefined);
    const url = serverUrl(options, terminal, before);
    await adminApi(url, token, terminal.interrupted).pages('/products', {}, ProductView, 1).next();
    const server = url.href.replace(/\/$/, '');
    const config = await writeConfig(terminal.env, { server, tokenFile });
    show(terminal, options, { server, tokenFile, config }, () => [
      `${server} takes the token.`,
      `Remembered in ${config}: the address, and where the token lies.`,
    ]);
  });
}
