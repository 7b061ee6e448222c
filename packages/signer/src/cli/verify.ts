/** `verify`: sees a folder or a server as a device does, and lists what it finds. */
import type { Command } from 'commander';
import { LIMITS } from '@tidegate/protocol';
import { verifyRepository } from '../verify/verify.ts';
import { type Common, command, show } from './command.ts';
import { neededFile } from './files.ts';
import { table } from './print.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Common {
  readonly root: string;
}

export function verifyCommand(terminal: Terminal): Command {
  return command('verify', 'Check a repository as a device would, from a trusted root.', [
    'verify ./repository --root ./repository/metadata/1.root.json',
    'verify https://updates.example --root ./root.json --json',
  ])
    .argument('<source>', 'repository folder, or address of a server or mirror')
    .requiredOption('--root <file>', 'root that is trusted beforehand')
    .action(async (source: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const root = await neededFile(options.root, LIMITS.rootBytes);
      const { roles, targets } = await verifyRepository({ source, root, now: terminal.now });
      const lines = [
        table(
          ['ROLE', 'VERSION', 'EXPIRES'],
          roles.map(r => [r.role, String(r.version), r.expires]),
        ),
        table(
          ['TARGET', 'BYTES', 'SHA-256'],
          targets.map(t => [t.path, String(t.lengthBytes), t.sha256]),
        ),
      ];
      show(terminal, options, { roles, targets }, lines.join('\n'));
    });
}
