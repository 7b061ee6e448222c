/**
 * Where the server ends TLS itself, devices that come back within a day resume their session: no certificate goes over the
 * wire, and no signature is made. Tickets are sealed by a key that the process makes itself, keeps in memory alone, and
 * forgets after a day: with it, tickets of that day open nothing, and the device makes a full handshake.
 */
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:tls';

const DAY_SECONDS = 86_400;
/** What Node takes: a name, a key for HMAC and one for AES, 16 bytes each. */
const TICKET_KEY_BYTES = 48;

/** Node's own five minutes are shorter than most devices stay away. */
export const TLS_SESSIONS = { sessionTimeout: DAY_SECONDS } as const;

export function renewTicketKeys(server: Server, everySeconds = DAY_SECONDS): void {
  const timer = setInterval(() => server.setTicketKeys(randomBytes(TICKET_KEY_BYTES)), everySeconds * 1000);
  timer.unref();
  server.once('close', () => clearInterval(timer));
}
