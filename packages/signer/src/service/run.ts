/** The service from its settings to a signal's end, as the command line and tests start it. */
import { pino } from 'pino';
import { keyAccess } from '../cli/key-option.ts';
import { json } from '../cli/print.ts';
import type { Terminal } from '../cli/terminal.ts';
import type { OnlineSigners } from '../edit/refresh.ts';
import { signerFromUri } from '../keys/key-uri.ts';
import { type OnlineKey, readServiceConfig, type ServiceConfig } from './config.ts';
import type { Point } from './point.ts';
import { startService } from './service.ts';

/** Resolves when a signal has ended it in order. @throws SignerError `config-invalid` and those of the keys */
export async function runService(configFile: string, terminal: Terminal, reached?: Point): Promise<void> {
  const ended = untilSignal();
  const config = await readServiceConfig(configFile, terminal.env);
  await using signers = await openSigners(config, terminal);
  // Synchronous, so that the last lines before an end are not lost.
  const log = pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: true }));
  const service = await startService({ config, signers, now: terminal.now, log, ...(reached && { reached }) });
  terminal.out(json({ url: service.url }));
  await ended;
  await service.close();
}

/** Closes the keys when disposed. */
async function openSigners({ keys }: ServiceConfig, terminal: Terminal): Promise<OnlineSigners & AsyncDisposable> {
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
