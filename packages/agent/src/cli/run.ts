/** `run`: the agent itself, resident or once. */
import { pino } from 'pino';
import { createAgent } from '../agent.ts';
import { readConfig } from '../config.ts';
import { listenLocally } from '../owner/local-server.ts';
import { surroundings } from './surroundings.ts';

export interface RunOptions {
  readonly config: string;
  readonly once?: boolean;
  readonly stopService?: boolean;
}

/** Until SIGTERM or SIGINT, or once. */
export async function run(options: RunOptions): Promise<void> {
  const config = await readConfig(options.config);
  const around = surroundings(pino(pino.destination({ dest: 1, sync: true })));
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  const agent = await createAgent(config, around);
  try {
    const sockets = { admin: config.adminSocket, user: config.userSocket };
    const local = await listenLocally(agent.owner, sockets, around.log);
    around.log.info({ product: config.product, server: config.server }, 'ready');
    try {
      await (options.once ? agent.runOnce(stop.signal) : agent.run(stop.signal));
    } finally {
      await local.close();
    }
  } finally {
    await agent.close({ stopService: options.stopService === true });
  }
}
