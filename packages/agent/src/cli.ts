#!/usr/bin/env node
/** `tidegate-agent`: the agent, and the owner's commands to it. */
import { Argument, Command, CommanderError, Option } from 'commander';
import { AgentError } from './agent-error.ts';
import { enrol } from './cli/enrol.ts';
import { key } from './cli/key.ts';
import { CommandError, EXIT } from './cli/exit-code.ts';
import {
  apply,
  AUTO,
  auto,
  canary,
  check,
  language,
  onOff,
  postpone,
  refusals,
  span,
  status,
  window,
  windowRules,
} from './cli/owner.ts';
import { run } from './cli/run.ts';
import { tufDownload, tufInit, tufRefresh } from './cli/tuf.ts';
import { ConfigError } from './config.ts';
import { KEY_KINDS } from './net/device-key.ts';

const program = new Command('tidegate-agent')
  .description('Keeps this device up to date: only with what its maker signed, only as its owner wishes.')
  .addHelpText(
    'after',
    `
Examples:
  tidegate-agent enrol --claim-token-file claim-token --auto on
  tidegate-agent run
  tidegate-agent status
  tidegate-agent postpone 8h
  tidegate-agent window "mon-fri 22:00-06:00" "sat,sun 00:00-24:00"
  tidegate-agent tuf init --metadata-dir lists 1.root.json

Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 the agent does not run, 4 refused or too late,
75 not now: the next "run --once" goes on.`,
  )
  .exitOverride()
  .configureHelp({ showGlobalOptions: true });

const configOption = () => new Option('--config <file>', 'the agent’s config').default('/etc/tidegate/agent.yaml');
const jsonOption = () => new Option('--json', 'print one JSON line');

const OTHER_WAYS = ['registeredKey', 'certificate'];

program
  .command('run')
  .description('run the agent: resident, or once (for a timer)')
  .addOption(configOption())
  .option('--once', 'check in once, do what follows from it, end; exit code 75: the next run goes on')
  .option('--stop-service', 'stop the supervised service at the end; it goes on running otherwise')
  .action(run);
program
  .command('enrol')
  .description('make this device known to its server, and answer the setup question')
  .addOption(configOption())
  .addOption(jsonOption())
  .addOption(new Option('--claim-token-file <file>', 'file with the one-time claim token').conflicts(OTHER_WAYS))
  .addOption(
    new Option('--registered-key', 'the manufacturer registered the key of this device').conflicts('certificate'),
  )
  .option('--certificate <file>', "the manufacturer's certificate for the key of this device, PEM")
  .addOption(new Option('--auto <on|off>', 'whether updates install by themselves').argParser(onOff))
  .action(enrol);
program
  .command('key')
  .description('show the public half of the key of this device; make the key first where there is none')
  .addOption(configOption())
  .addOption(new Option('--json', 'print one JSON line').conflicts('csv'))
  .addOption(new Option('--kind <kind>', 'what to make').choices(KEY_KINDS))
  .option('--csv [label]', 'print the line of an upload to the server: product,publicKey,label')
  .action(key);
for (const [name, description, action] of [
  ['status', 'what runs, what waits and why', status],
  ['refusals', 'what was refused here, and why', refusals],
  ['check', 'look for updates now', check],
  ['apply', 'install the waiting update now', apply],
] as const) {
  program.command(name).description(description).addOption(configOption()).addOption(jsonOption()).action(action);
}
program
  .command('auto')
  .description('let updates install by themselves, or not; or bring them in by themselves, and wait for "apply"')
  .addArgument(new Argument('<setting>', 'what updates may do by themselves').choices(AUTO))
  .addOption(configOption())
  .addOption(jsonOption())
  .action(auto);
program
  .command('canary')
  .description('be among the first that get a release, or not')
  .argument('<on|off>', 'the setting', onOff)
  .addOption(configOption())
  .addOption(jsonOption())
  .action(canary);
program
  .command('window')
  .description('say at what times updates may install, in this device’s own time')
  .argument('[rules...]', 'such as "mon-fri 22:00-06:00" "sat,sun 00:00-24:00"', windowRules, [])
  .option('--any-time', 'at any time')
  .addOption(configOption())
  .addOption(jsonOption())
  .action(window);
program
  .command('language')
  .description('tell what its maker signed in this language, where the maker wrote it so')
  .argument('<tag>', 'such as de or pt-BR')
  .addOption(configOption())
  .addOption(jsonOption())
  .action(language);
program
  .command('postpone')
  .description('put updates off')
  .argument('[span]', 'such as 30m, 8h, 2d', span)
  .option('--until <time>', 'such as 2026-12-24T20:00:00Z')
  .option('--cancel', 'no longer')
  .addOption(configOption())
  .addOption(jsonOption())
  .action(postpone);

const tuf = program
  .command('tuf')
  .description('a plain TUF client for any repository: no product rules, and none of the agent’s own state')
  .addOption(configOption())
  .addOption(jsonOption())
  .option('--metadata-dir <folder>', 'where the lists are kept, as plain files')
  .option('--metadata-url <url>', 'where the repository has its lists')
  .option(
    '--target-name <path>',
    'what to download; may be given again',
    (path, before: string[]) => [...before, path],
    [],
  )
  .option('--target-base-url <url>', 'where the repository has its targets')
  .option('--target-dir <folder>', 'where to put them');
tuf.command('init').description('trust a root').argument('<root>', 'its file').action(tufInit);
tuf.command('refresh').description('bring the top-level lists up to date').action(tufRefresh);
tuf.command('download').description('refresh, then bring the targets').action(tufDownload);

process.exit(await main());

async function main(): Promise<number> {
  try {
    await program.parseAsync();
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.code === 'commander.invalidArgument' && !error.message.startsWith('error:'))
        process.stderr.write(`${error.message}\n`);
      return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    }
    process.stderr.write(`tidegate-agent: ${said(error)}\n`);
    return error instanceof CommandError ? error.exitCode : EXIT.failed;
  }
}

function said(error: unknown): string {
  if (error instanceof AgentError) return `${error.code}: ${error.message}`;
  if (error instanceof CommandError || error instanceof ConfigError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
