/**
 * Watches one HTTP exchange and ends it when it is too slow: connecting, silent, under its least throughput,
 * past its deadline, or no longer wanted. Whoever ends it first names the reason.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { AgentError } from '../agent-error.ts';
import type { HttpLimits } from './http-limits.ts';

export interface Watchdog {
  /** Why the exchange was ended; undefined while it goes on. */
  reason(): AgentError | undefined;
  watchBody(response: IncomingMessage): void;
  /** Stops watching. Must be called, whatever happened. */
  done(): void;
}

export function watch(request: ClientRequest, limits: HttpLimits, signal: AbortSignal | undefined): Watchdog {
  let reason: AgentError | undefined;
  let response: IncomingMessage | undefined;
  let window: NodeJS.Timeout | undefined;

  const end = (error: AgentError) => {
    reason ??= error;
    response?.destroy(reason);
    request.destroy(reason);
  };
  const stop = () => end(new AgentError('stopped', 'the download was stopped'));
  const connecting = setTimeout(() => end(new AgentError('network', 'no connection in time')), limits.connectMs);
  const deadline = setTimeout(() => end(new AgentError('network', 'the answer took too long')), limits.deadlineMs);
  request.setTimeout(limits.idleMs, () => end(new AgentError('network', 'the server fell silent')));
  request.on('socket', socket => {
    if (!socket.connecting) clearTimeout(connecting);
    else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => clearTimeout(connecting));
  });
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });

  return {
    reason: () => reason,

    watchBody(incoming) {
      response = incoming;
      const least = (limits.minBytesPerSecond * limits.throughputWindowMs) / 1000;
      const { socket } = incoming;
      let seen = socket.bytesRead;
      window = setInterval(() => {
        // All of it has come, and waits to be read: the socket is another exchange's already.
        if (incoming.complete) return;
        const now = socket.bytesRead;
        // A reader that is busy writing to disk is no fault of the server.
        const waitsForUs = incoming.readableLength >= incoming.readableHighWaterMark;
        if (now - seen < least && !waitsForUs) end(new AgentError('network', 'the answer came too slowly'));
        seen = now;
      }, limits.throughputWindowMs);
    },

    done() {
      clearTimeout(connecting);
      clearTimeout(deadline);
      clearInterval(window);
      signal?.removeEventListener('abort', stop);
    },
  };
}
