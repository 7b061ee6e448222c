/**
 * Tells systemd how the agent fares (sd_notify). Node has no datagram sockets, so `systemd-notify` is run for it: one at
 * a time, what comes up meanwhile goes along with the next. Its failure is logged once and never hurts the agent.
 */
import type { ExecFileOptions } from 'node:child_process';
import type { Log } from '../log.ts';
import { execute } from '../service/child-process.ts';

/** Fields of sd_notify(3). */
export type Message = Readonly<Partial<Record<'READY' | 'STOPPING' | 'STATUS' | 'WATCHDOG', string>>>;

export interface Notifier {
  /** Returns at once. A field that was not sent yet is replaced by a newer one. */
  tell(message: Message): void;
  /** Resolves when all was sent, or failed. Never rejects. */
  told(): Promise<void>;
}

const SEND_WITHIN_MS = 10_000;

/** @returns undefined where nobody listens: the agent was not started by a service manager that asks for it */
export function openNotifier(env: NodeJS.ProcessEnv, log: Log): Notifier | undefined {
  const socket = env['NOTIFY_SOCKET'];
  if (!socket) return undefined;
  const options: ExecFileOptions = {
    timeout: SEND_WITHIN_MS,
    killSignal: 'SIGKILL',
    env: { PATH: env['PATH'], NOTIFY_SOCKET: socket },
  };
  let pending: Message = {};
  let sending: Promise<void> | undefined;
  let hasFailed = false;

  const send = async () => {
    for (let fields = Object.entries(pending); fields.length > 0; fields = Object.entries(pending)) {
      pending = {};
      try {
        const assignments = fields.map(([name, value]) => `${name}=${value}`);
        await execute('systemd-notify', assignments, options);
      } catch (error) {
        if (!hasFailed) log.warn({ why: (error as Error).message }, 'systemd-notify failed; this is said once');
        hasFailed = true;
      }
    }
    sending = undefined;
  };

  return {
    tell(message) {
      pending = { ...pending, ...message };
      sending ??= send();
    },
    async told() {
      await sending;
    },
  };
}
