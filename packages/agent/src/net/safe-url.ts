/** Which addresses the agent talks to at all: TLS everywhere, plain text only to the machine itself (EN 303 645 5.5-1). */
import { AgentError } from '../agent-error.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** @throws AgentError network for plain `http:` to another machine, for other schemes and for addresses with a password */
export function safeUrl(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href);
  if (!url) throw new AgentError('network', `not an address: ${text.slice(0, 200)}`);
  if (url.username || url.password) throw new AgentError('network', `${url.host}: no password may stand in an address`);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))) return url;
  throw new AgentError('network', `${url.origin}: only https is allowed to other machines`);
}

/** Adds a path below a base, which may have a path of its own. */
export function below(base: string, path: string): string {
  return `${base.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;
}
