/** `verify`: sees a folder or a server as a device does, lists what it finds, and lints it. */
import type { Command } from 'commander';
import { LIMITS } from '@tidegate/protocol';
import { readConfig } from '../store/config.ts';
import { lookOver, type Looked } from '../verify/look-over.ts';
import { type Common, command, show } from './command.ts';
import { neededFile } from './files.ts';
import { complain, findingLines } from './findings.ts';
import { table } from './print.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Common {
  readonly root: string;
  readonly artifacts?: boolean;
  readonly targetsUrl?: string;
  readonly strict?: boolean;
}

export function verifyCommand(terminal: Terminal): Command {
  return command('verify', 'Check a repository as a device would, from a trusted root, then lint it.', [
    'verify ./repository --root ./repository/metadata/1.root.json',
    'verify https://updates.example --root ./root.json --json',
    'verify https://mirror.example/gw2/metadata --root ./root.json --artifacts --strict',
  ])
    .argument('<source>', 'repository folder, or address of a server or mirror')
    .requiredOption('--root <file>', 'root that is trusted beforehand')
    .option('--artifacts', 'read and hash all artifacts (else only their lengths are asked for)')
    .option('--targets-url <url>', "where a mirror's artifacts are (else beside its metadata, in targets/)")
    .option('--strict', 'exit with 4 on warnings too')
    .addHelpText(
      'after',
      "\nWhether keys are people's is judged only where --repo names a repository that knows it." +
        '\nExit code: 0 no errors (warnings may be there); 4 a device would refuse it, or errors; 5 expired.',
    )
    .action(async (source: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const looked = await lookOver({
        source,
        root: await neededFile(options.root, LIMITS.rootBytes),
        now: terminal.now,
        wholeArtifacts: options.artifacts,
        targetsUrl: options.targetsUrl,
        keys: cmd.parent?.getOptionValueSource('repo') === 'cli' ? (await readConfig(options.repo)).keys : undefined,
      });
      const { roles, targets, findings } = looked;
      show(terminal, options, { roles, targets, findings }, lines(looked));
      complain(findings, options.strict === true);
    });
}

function lines({ roles, targets, findings }: Looked): string {
  return [
    table(
      ['ROLE', 'VERSION', 'EXPIRES'],
      roles.map(r => [r.role, String(r.version), r.expires]),
    ),
    table(
      ['TARGET', 'BYTES', 'SHA-256'],
      targets.map(t => [t.path, String(t.lengthBytes), t.sha256]),
    ),
    findingLines(findings),
  ].join('\n');
}
