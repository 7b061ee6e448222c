/** `api-token create`: a token for a person's tool or a machine, into a file; the server shows it once. */
import { ApiTokenAnswer, OPERATOR_ROLES } from '@tidegate/protocol';
import { type Command, Option } from 'commander';
import { CliError } from '../cli-error.ts';
import { command } from '../command.ts';
import { show } from '../print/say.ts';
import { openSecretFile } from '../settings/files.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';

interface Options extends Common {
  readonly name: string;
  readonly role: string;
  readonly out?: string;
  readonly print?: boolean;
}

export function apiTokenCreateCommand(terminal: Terminal): Command {
  return command('create', 'Make an API token, into a file that only you can read.', [
    'api-token create --name ci --role releaser --out ci.token',
    'api-token create --name grafana --role viewer --print | vault kv put secret/grafana token=-',
  ])
    .requiredOption('--name <text>', 'whose it is; it stands in the history of what it did')
    .addOption(new Option('--role <role>', 'what it may do').choices([...OPERATOR_ROLES]).makeOptionMandatory())
    .option('--out <file>', 'a file that is not there yet')
    .option('--print', 'print it instead, for a program that reads it')
    .action(async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const { name, role, out, print } = options;
      if ((out === undefined) === (print !== true)) throw new CliError('usage', 'Say either --out FILE or --print.');
      const api = await openSession(options, terminal);
      const ask = () => api.post('/tokens', { name, role }, ApiTokenAnswer);
      if (out === undefined) {
        const made = await ask();
        show(terminal, options, made, () => [made.token]);
        return;
      }
      await using file = await openSecretFile(out);
      const { id } = await keep(file, ask);
      show(terminal, options, { id, name, role, file: out }, () => [`The token of ${name} (${role}) is in ${out}.`]);
    });
}

async function keep(file: Awaited<ReturnType<typeof openSecretFile>>, ask: () => Promise<ApiTokenAnswer>) {
  try {
    const made = await ask();
    await file.append(`${made.token}\n`);
    return made;
  } catch (error) {
    await file.discard();
    throw error;
  }
}
