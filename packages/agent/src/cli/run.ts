/** `run`: the agent itself, resident or once. */
import { type Agent, createAgent } from '../agent.ts';
import { asAgentError } from '../agent-error.ts';
import { systemClock } from '../clock.ts';
import { readConfig } from '../config.ts';
import { createLog, type Log } from '../log.ts';
import type { State } from '../machine/state.ts';
import { listenLocally } from '../owner/local-server.ts';
import { type Notifier, openNotifier } from '../systemd/notifier.ts';
import { statusWords } from '../systemd/status-words.ts';
import { pingIntervalMs, pingWhileAlive } from '../systemd/watchdog.ts';
import { CommandError, EXIT } from './exit-code.ts';
import { surroundings, writeTo } from './surroundings.ts';

export interface RunOptions {
  readonly config: string;
  readonly once?: boolean;
  readonly stopService?: boolean;
}

/** Until SIGTERM or SIGINT, or once. */
export async function run(options: RunOptions): Promise<void> {
  const config = await readConfig(options.config);
  const log = createLog(writeTo(1));
  // A run for a timer is over when it ends: there is nothing to tell of it but its exit code.
  const systemd = options.once ? undefined : openNotifier(process.env, log);
  const stop = new AbortController();
  stop.signal.addEventListener('abort', () => systemd?.tell({ STOPPING: '1' }), { once: true });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

  const onState = (state: State) => systemd?.tell({ STATUS: statusWords(state) });
  const agent = await createAgent(config, { ...surroundings(log), onState });
  try {
    const sockets = { admin: config.adminSocket, user: config.userSocket };
    const local = await listenLocally(agent.owner, sockets, log);
    log.info({ product: config.product, server: config.server ?? 'none' }, 'ready');
    try {
      systemd?.tell({ READY: '1', STATUS: statusWords(agent.state()) });
      await (options.once ? runOnce(agent, stop.signal) : runWatched(agent, systemd, log, stop.signal));
    } finally {
      await local.close();
    }
  } finally {
    await agent.close({ stopService: options.stopService === true });
    await systemd?.told();
  }
}

/** @throws CommandError `later` where something stands in the way that a further run may find gone */
async function runOnce(agent: Agent, signal: AbortSignal): Promise<void> {
  try {
    await agent.runOnce(signal);
  } catch (error) {
    const fault = asAgentError(error);
    if (fault.class === 'bug') throw error;
    throw new CommandError(EXIT.later, `${fault.code}: ${fault.message}; the next run goes on`, error);
  }
}

/** Beside the agent, the watchdog is told of it, for as long as the agent gets anywhere. */
async function runWatched(agent: Agent, systemd: Notifier | undefined, log: Log, signal: AbortSignal) {
  const intervalMs = pingIntervalMs(process.env, process.pid);
  const ended = new AbortController();
  const pinging =
    systemd && intervalMs !== undefined
      ? pingWhileAlive(
          { clock: systemClock, log, intervalMs, isAlive: agent.isAlive, ping: () => systemd.tell({ WATCHDOG: '1' }) },
          AbortSignal.any([signal, ended.signal]),
        )
      : undefined;
  try {
    await agent.run(signal);
  } finally {
    ended.abort();
    await pinging;
  }
}
