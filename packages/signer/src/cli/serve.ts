/** `serve`: the signing service, until a signal ends it. */
import type { Command } from 'commander';
import { pino } from 'pino';
import { signerFromUri } from '../keys/key-uri.ts';
import { type OnlineKey, readServiceConfig, type ServiceConfig } from '../service/config.ts';
import { startService } from '../service/service.ts';
import type { OnlineSigners } from '../edit/refresh.ts';
import { command } from './command.ts';
import { keyAccess } from './key-option.ts';
import { json } from './print.ts';
import type { Terminal } from './terminal.ts';

export function serveCommand(terminal: Terminal): Command {
  return command('serve', 'Run the signing service: take submissions, sign snapshot and timestamp, publish.', [
    'serve --config /etc/tidegate/signing-service.yaml',
  ])
    .requiredOption('--config <file>', 'settings, YAML')
    .addHelpText(
      'after',
      '\nDATABASE_URL or REDIS_URL keeps the timed work and the lock of the active process. When it listens it prints one JSON\n' +
        'line with "url"; its log goes to standard error. SIGTERM ends it after the step in hand.',
    )
    .action(async (options: { config: string }) => {
      const config = await readServiceConfig(options.config, terminal.env);
      await using signers = await openSigners(config, terminal);
      const ended = untilSignal();
      const service = await startService({ config, signers, now: terminal.now, log: processLog(config) });
      terminal.out(json({ url: service.url }));
      await ended;
      await service.close();
    });
}

/** Synchronous, so that the last lines before an end are not lost. */
export function processLog({ logLevel }: ServiceConfig) {
  return pino({ level: logLevel }, pino.destination({ dest: 2, sync: true }));
}

/** Closes the keys when disposed. */
export async function openSigners(
  { keys }: ServiceConfig,
  terminal: Terminal,
): Promise<OnlineSigners & AsyncDisposable> {
  await using opened = new AsyncDisposableStack();
  const open = async ({ uri, passphraseFile }: OnlineKey) =>
    opened.use(await signerFromUri(uri, keyAccess(terminal, passphraseFile)));
  const [snapshot, timestamp] = [await open(keys.snapshot), await open(keys.timestamp)];
  const kept = opened.move();
  return { snapshot, timestamp, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function untilSignal(): Promise<void> {
  return new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
