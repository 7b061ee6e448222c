#!/usr/bin/env node
/** `tidegate-server`: reads its settings, runs the server, ends in order on SIGTERM and SIGINT. */
import { Command, InvalidArgumentError } from 'commander';
import { pino } from 'pino';
import { readConfig, type ServerConfig, type Settings } from './config.ts';
import { ConfigError } from './config-error.ts';
import { type RunningServer, startServer } from './server.ts';

const program = new Command('tidegate-server')
  .description('Distributes signed releases to devices, in phases. Holds no key that devices trust for software.')
  .option('--config <file>', 'YAML file with the settings below, in camelCase')
  .option('--data <dir>', 'keys, artifacts, and a PostgreSQL of its own without DATABASE_URL (default ./tidegate-data)')
  .option('--host <address>', 'where devices connect (default 127.0.0.1)')
  .option('--port <n>', 'port for devices; 0 picks a free one (default 8080)', number)
  .option('--admin-host <address>', 'where operators and publishers connect (default 127.0.0.1)')
  .option('--admin-port <n>', 'port for operators and publishers (default 8081)', number)
  .option('--trusted-root <file>', "the repository's root metadata: needed at the first start")
  .option('--tls-cert <file>', 'certificate chain of the device listener, PEM')
  .option('--tls-key <file>', 'its private key, PEM')
  .option('--log-level <level>', 'debug, info, warn or error (default info)')
  .addHelpText(
    'after',
    `
Every setting can also be an environment variable: TIDEGATE_ADMIN_PORT=9000. The database is DATABASE_URL,
or the content of the file DATABASE_URL_FILE; the same goes for Redis.
REDIS_URL puts the timed work into Redis; without it, and while it cannot be reached, PostgreSQL is enough.
When it is ready it prints one JSON line with "deviceUrl" and "adminUrl"; its log goes to standard error.

Examples:
  tidegate-server --data /var/lib/tidegate --trusted-root 1.root.json
  DATABASE_URL=postgresql://tidegate@db/tidegate tidegate-server --host 0.0.0.0 --tls-cert c.pem --tls-key k.pem

Exit codes: 0 ended by a signal, 1 failed, 2 wrong usage.`,
  )
  .exitOverride(error => process.exit(error.exitCode === 0 ? 0 : 2));

process.exit(await main(program.parse().opts<Settings & { config?: string }>()));

async function main(options: Settings & { config?: string }): Promise<number> {
  const ended = Promise.withResolvers<void>();
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stop.abort();
      ended.resolve();
    });
  }
  try {
    const config = await readConfig(options, process.env);
    const server = await start(config, stop.signal);
    process.stdout.write(`${JSON.stringify({ deviceUrl: server.deviceUrl, adminUrl: server.adminUrl })}\n`);
    const code = await Promise.race([ended.promise.then(() => 0), server.databaseLost.then(() => 1)]);
    await server.close();
    if (code !== 0) process.stderr.write('tidegate-server: the embedded PostgreSQL ended; its log says why.\n');
    return code;
  } catch (error) {
    if (stop.signal.aborted && (error as Error).name === 'AbortError') return 0;
    const text = error instanceof ConfigError ? error.message : ((error as Error).stack ?? String(error));
    process.stderr.write(`tidegate-server: ${text}\n`);
    return 1;
  }
}

function start(config: ServerConfig, stop: AbortSignal): Promise<RunningServer> {
  // Synchronous, so that the last lines before an end are not lost.
  const log = pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: true }));
  return startServer(config, log, stop);
}

function number(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Give a whole number.');
  return Number(text);
}
