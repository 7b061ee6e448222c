/** `serve`: the signing service, until a signal ends it. */
import type { Command } from 'commander';
import { command } from './command.ts';
import type { Terminal } from './terminal.ts';

export function serveCommand(terminal: Terminal): Command {
  return command('serve', 'Run the signing service: take submissions, sign snapshot and timestamp, publish.', [
    'serve --config /etc/tidegate/signing-service.yaml',
  ])
    .requiredOption('--config <file>', 'settings, YAML')
    .addHelpText(
      'after',
      '\nDATABASE_URL or REDIS_URL (or DATABASE_URL_FILE, REDIS_URL_FILE: a file that holds it) keeps the timed work and the\n' +
        'lock of the active process. When it listens it prints one JSON line with "url"; its log goes to standard error.\n' +
        'SIGTERM ends it after the step in hand. Guide: docs/signing-service.md.',
    )
    .action(async (options: { config: string }) => {
      // Loaded here: no other command waits for the libraries of a server.
      const { runService } = await import('../service/run.ts');
      await runService(options.config, terminal);
    });
}
