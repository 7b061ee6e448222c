/**
 * BullMQ's jobs in Redis. Its absence is a state, not a fault: clients connect in the background and go on trying, what
 * is asked meanwhile fails at once, and each loss and return is told once. Addresses are never told: they hold passwords.
 */
import { createRedisBackend, withBackend } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import type { JobBackend } from './job-backend.ts';

const AGAIN_MS = { least: 100, most: 2000 };
/** An answer that takes longer will not come: a Redis that hangs is as good as lost. */
const ANSWER_MS = 2000;
/** A worker's longest wait for a job is 10 s; who says nothing for longer than this is cut off and called again. */
const SILENT_MS = 30_000;

export interface RedisJobs {
  /** `redis://…` or `rediss://…` (TLS); a certificate is checked against the authorities that Node trusts. */
  readonly url: string;
  readonly prefix: string;
  readonly clientName: string;
}

export function openRedisJobs({ url, prefix, clientName }: RedisJobs, log: Logger): JobBackend {
  const clients: Redis[] = [];
  const connect = (options: RedisOptions): Redis => {
    const client = new Redis(url, {
      connectionName: clientName,
      connectTimeout: 5000,
      keepAlive: 10_000,
      retryStrategy: times => Math.min(times * AGAIN_MS.least, AGAIN_MS.most),
      ...options,
    });
    client.on('error', () => undefined); // told by what was asked, and by `tellTurns`
    // The worker makes itself a second client, to wait on: it has to end with the others.
    client.duplicate = more => connect({ ...options, ...more });
    clients.push(client);
    return client;
  };

  const asking = connect({ enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: ANSWER_MS });
  const working = connect({ maxRetriesPerRequest: null, socketTimeout: SILENT_MS });
  const tellNoMore = tellTurns(asking, log);
  const { Queue, Worker } = withBackend(createRedisBackend);
  // BullMQ asks for the version once, at its first connection; broken off there, it would stay unusable for ever.
  const shared = { prefix, skipVersionCheck: true };
  return {
    kind: 'redis',
    newQueue: name => new Queue(name, { ...shared, connection: asking }),
    newWorker: (name, work, options) => new Worker(name, work, { ...options, ...shared, connection: working }),
    onReachable: listener => void asking.on('ready', listener),
    close: async () => {
      tellNoMore();
      for (const client of clients) client.disconnect();
    },
  };
}

/**
 * One line for each turn, not one for each attempt. Only the message of an error: the rest repeats the password.
 * @returns to be called before the client is closed on purpose
 */
function tellTurns(client: Redis, log: Logger): () => void {
  let reachable: boolean | undefined;
  const lost = (reason: string) => {
    if (reachable === false) return;
    reachable = false;
    log.warn({ reason }, 'Redis cannot be reached: the work goes on without it, and joins it when it comes');
  };
  client.on('error', (error: NodeJS.ErrnoException) => lost(error.message || (error.code ?? 'no reason given')));
  const closed = () => lost('the connection was closed');
  client.on('close', closed);
  client.on('ready', () => {
    reachable = true;
    log.info('Redis answers: it fires the timed work');
  });
  return () => void client.off('close', closed);
}
