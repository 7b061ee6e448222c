/** Which addresses are talked to at all: TLS everywhere, plain text only to the machine itself. */
import { CliError } from '../cli-error.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** @throws CliError `usage`, `insecure-url` */
export function checkedUrl(text: string): URL {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new CliError('usage', `"${text}" is no http or https address.`);
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new CliError('usage', 'No password, query or fragment may stand in the server’s address.');
  }
  if (url.protocol === 'http:' && !isLoopback(url)) {
    throw new CliError(
      'insecure-url',
      `${url.origin} is not encrypted, the token would be read on the way. Use https; plain http is for this machine only.`,
    );
  }
  return url;
}

export function isLoopback(url: URL): boolean {
  return LOOPBACK.test(url.hostname);
}
