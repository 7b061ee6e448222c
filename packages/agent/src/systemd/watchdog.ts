/**
 * Keeps systemd's watchdog quiet while the driver gets anywhere, and only then: a hung event loop sends nothing by
 * itself, and a hung driver is judged by its pulse. systemd then ends the agent and starts it again.
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';

const UNSIGNED_DECIMAL = /^[1-9]\d{0,15}$/;

/** How often to ping: twice within the time that systemd grants. undefined where it watches nothing, or another process. */
export function pingIntervalMs(env: NodeJS.ProcessEnv, pid: number): number | undefined {
  const { WATCHDOG_USEC: usec = '', WATCHDOG_PID: watched = String(pid) } = env;
  if (!UNSIGNED_DECIMAL.test(usec) || watched !== String(pid)) return undefined;
  return Number(usec) / 2000;
}

export interface Watch {
  readonly clock: Clock;
  readonly log: Log;
  readonly intervalMs: number;
  readonly isAlive: () => boolean;
  readonly ping: () => void;
}

/** Until the signal fires. */
export async function pingWhileAlive(watch: Watch, signal: AbortSignal): Promise<void> {
  let hung = false;
  while (!signal.aborted) {
    const alive = watch.isAlive();
    if (alive) watch.ping();
    else if (!hung) watch.log.error({}, 'the driver hangs; the watchdog is left to end this agent');
    hung = !alive;
    await watch.clock.sleep(watch.intervalMs, signal);
  }
}
