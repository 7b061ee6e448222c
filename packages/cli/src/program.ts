/** All commands on one page, and what becomes of an error: a line for people or a JSON object, and the exit code. */
import { Command, CommanderError } from 'commander';
import { CliError } from './cli-error.ts';
import { apiTokenListCommand, apiTokenRevokeCommand } from './commands/api-token.ts';
import { apiTokenCreateCommand } from './commands/api-token-create.ts';
import { caAddCommand, caListCommand, caRemoveCommand } from './commands/ca.ts';
import { deviceClearAlarmCommand } from './commands/device-clear-alarm.ts';
import { deviceListCommand } from './commands/device-list.ts';
import { deviceRevokeCommand } from './commands/device-revoke.ts';
import { deviceShowCommand } from './commands/device-show.ts';
import { deviceTagCommand } from './commands/device-tag.ts';
import { keyListCommand } from './commands/key-list.ts';
import { keyRemoveCommand } from './commands/key-remove.ts';
import { keyUploadCommand } from './commands/key-upload.ts';
import { loginCommand } from './commands/login.ts';
import { productAddCommand, productListCommand } from './commands/product.ts';
import { productPolicyCommand } from './commands/product-policy.ts';
import { releaseListCommand } from './commands/release-list.ts';
import { rolloutActCommands } from './commands/rollout-act.ts';
import { rolloutAdvanceCommand } from './commands/rollout-advance.ts';
import { rolloutApprovalCommands } from './commands/rollout-approval.ts';
import { rolloutCreateCommand } from './commands/rollout-create.ts';
import { rolloutListCommand } from './commands/rollout-list.ts';
import { rolloutRescheduleCommand } from './commands/rollout-reschedule.ts';
import { rolloutRetryCommand } from './commands/rollout-retry.ts';
import { rolloutShowCommand } from './commands/rollout-show.ts';
import { rolloutWatchCommand } from './commands/rollout-watch.ts';
import { statusCommand } from './commands/status.ts';
import { tokenCreateCommand } from './commands/token-create.ts';
import { EXIT, EXIT_TEXT, type Exit } from './exit-code.ts';
import { jsonText } from './print/clean.ts';
import { tell } from './print/say.ts';
import type { Terminal } from './terminal.ts';

/** Runs one command. @param args without the interpreter and the script @returns the exit code */
export async function run(args: readonly string[], terminal: Terminal): Promise<Exit> {
  const said: string[] = [];
  const program = buildProgram(terminal, text => said.push(text));
  try {
    await program.parseAsync([...args], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    return report(asCliError(error, said.join('')), args.includes('--json'), terminal);
  }
}

/** @param hear gets what commander would say about wrong usage */
function buildProgram(terminal: Terminal, hear: (text: string) => void): Command {
  const program = new Command('tidegate')
    .description('Operates a Tidegate server: products, devices, releases, rollouts.')
    .option('--server <url>', 'admin address (else TIDEGATE_SERVER, else of the login, else http://127.0.0.1:8081)')
    .option('--token-file <file>', 'file with an API token (else TIDEGATE_TOKEN_FILE, TIDEGATE_TOKEN, the login)')
    .option('--json', 'print one JSON object; errors are one too, on standard error')
    .addHelpText('after', HELP);
  const groups: readonly [string, string, readonly Command[]][] = [
    [
      'product',
      'Product lines.',
      [productAddCommand(terminal), productListCommand(terminal), productPolicyCommand(terminal)],
    ],
    ['token', 'Claim tokens, by which devices enrol.', [tokenCreateCommand(terminal)]],
    [
      'device',
      'The fleet, and what each device said.',
      [deviceListCommand, deviceShowCommand, deviceTagCommand, deviceRevokeCommand, deviceClearAlarmCommand].map(make =>
        make(terminal),
      ),
    ],
    [
      'key',
      'Device keys that are registered beforehand.',
      [keyUploadCommand(terminal), keyListCommand(terminal), keyRemoveCommand(terminal)],
    ],
    [
      'ca',
      'Certificate authorities whose devices enrol by themselves.',
      [caAddCommand(terminal), caListCommand(terminal), caRemoveCommand(terminal)],
    ],
    ['release', 'What is published.', [releaseListCommand(terminal)]],
    [
      'rollout',
      'Bring a release to the fleet, phase by phase.',
      [
        ...[rolloutCreateCommand, rolloutListCommand, rolloutShowCommand, rolloutWatchCommand].map(make =>
          make(terminal),
        ),
        ...rolloutActCommands(terminal),
        rolloutRescheduleCommand(terminal),
        rolloutAdvanceCommand(terminal),
        ...rolloutApprovalCommands(terminal),
        rolloutRetryCommand(terminal),
      ],
    ],
    [
      'api-token',
      'Tokens of operators and machines.',
      [apiTokenCreateCommand, apiTokenListCommand, apiTokenRevokeCommand].map(make => make(terminal)),
    ],
  ];
  program.addCommand(loginCommand(terminal)).addCommand(statusCommand(terminal));
  for (const [name, description, commands] of groups) {
    const group = new Command(name)
      .description(description)
      .addHelpText('after', `\nEach command has examples: tidegate ${name} ${commands[0]?.name()} --help`);
    for (const cmd of commands) group.addCommand(cmd);
    program.addCommand(group);
  }
  for (const cmd of [program, ...program.commands, ...program.commands.flatMap(c => c.commands)]) {
    cmd
      .exitOverride()
      .configureOutput({ writeOut: terminal.out, writeErr: hear })
      .configureHelp({ showGlobalOptions: true });
  }
  return program;
}

const HELP = `
The token is named by a file and never given as an argument. Plain http is for this machine only; your own CA is
trusted by NODE_EXTRA_CA_CERTS=FILE. Times are local for people and RFC 3339 in JSON. NO_COLOR=1 turns colours off.

Examples:
  $ tidegate login --server https://updates.example:8443 --token-file ~/operator.token
  $ tidegate status
  $ tidegate token create --product gw2 --count 500 --out claim-tokens.csv
  $ tidegate rollout create gw2/stable/app/1.1.0/app.tgz --phases 10%,50%,100%
  $ tidegate rollout watch 0123456789abcdef0123456789abcdef
  $ tidegate device list --product gw2 --filter 'site==north' --csv > north.csv

${EXIT_TEXT}`;

function asCliError(error: unknown, said: string): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof CommanderError) {
    // Where only help was to be had, it is the message.
    const text = error.code === 'commander.help' ? said : error.message;
    return new CliError('usage', text.replace(/^error: /, '').trim(), { cause: error });
  }
  return new CliError('internal', `A fault of this tool: ${(error as Error).stack ?? String(error)}`, { cause: error });
}

function report({ code, message, path, exit }: CliError, asJson: boolean, terminal: Terminal): Exit {
  if (asJson) {
    const about = path === undefined ? {} : { path };
    terminal.err(`${jsonText({ error: { code, message, ...about, exitCode: exit } })}\n`);
  } else if (exit === EXIT.usage && message.startsWith('Usage:')) {
    tell(terminal, ...message.split('\n'));
  } else {
    const [first = '', ...rest] = message.split('\n');
    tell(terminal, `tidegate: ${first}${rest.length === 0 ? ` [${code}]` : ''}`, ...rest);
  }
  return exit;
}
