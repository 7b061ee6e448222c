/** `doctor`: machine, folder, keys, images and server, each looked at and said whether it is well. Changes nothing. */
import type { Command } from 'commander';
import type { Diagnosis } from '../doctor/diagnosis.ts';
import { examine } from '../doctor/examine.ts';
import { SignerError } from '../signer-error.ts';
import { type Common, command, show } from './command.ts';
import { keysFolder } from './key-option.ts';
import { progressBar } from './print.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Common {
  readonly server?: string;
  readonly deep?: boolean;
  readonly strict?: boolean;
}

export function doctorCommand(terminal: Terminal): Command {
  return command('doctor', 'Examine this workplace: clock, folder, disk, keys, images, server. Changes nothing.', [
    'doctor',
    'doctor --server https://updates.example',
    'doctor --deep --strict --json',
  ])
    .option('--server <url>', "the server's device address (else the config's, where it names one)")
    .option('--deep', 'read and hash every image (else only their lengths are compared)')
    .option('--strict', 'exit with 4 on warnings too')
    .addHelpText('after', '\nExit code: 0 no errors (warnings may be there); 4 errors.')
    .action(async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const diagnoses = await examine({
        repo: options.repo,
        keys: keysFolder(options),
        now: terminal.now,
        server: options.server,
        deep: options.deep === true,
        onProgress: progressBar(terminal, 'images'),
      });
      show(terminal, options, { diagnoses }, diagnoses.map(lines).join(''));
      complain(diagnoses, options.strict === true);
    });
}

function lines({ check, code, severity, message, remedy }: Diagnosis): string {
  const said =
    severity === 'ok' ? `ok      ${check}: ${message}\n` : `${severity.padEnd(7)} ${check}: ${message} [${code}]\n`;
  return remedy === undefined ? said : `${said}        ${remedy}\n`;
}

/** @throws SignerError `lint-failed` */
function complain(diagnoses: readonly Diagnosis[], strict: boolean): void {
  const count = (severity: Diagnosis['severity']) => diagnoses.filter(d => d.severity === severity).length;
  const [errors, warnings] = [count('error'), count('warning')];
  if (errors === 0 && !(strict && warnings > 0)) return;
  throw new SignerError('lint-failed', `${errors} error(s) and ${warnings} warning(s) were found.`);
}
