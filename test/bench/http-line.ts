/**
 * A kept connection that asks one thing at a time, with next to no cost of its own: a client that costs as much as the
 * server would measure itself. Understands answers with a Content-Length, as the server's all have.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface HttpLine {
  /** Asks with the whole text of a request. Throws where the answer is not a 200. */
  readonly ask: (text: string) => Promise<void>;
  readonly close: () => void;
}

export async function openLine(url: URL): Promise<HttpLine> {
  const socket = connect(Number(url.port), url.hostname).setNoDelay(true);
  await once(socket, 'connect');
  return { ask: text => ask(socket, text), close: () => void socket.destroy() };
}

function ask(socket: Socket, text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let came = '';
  const take = (chunk: Buffer) => {
    came += chunk.toString('latin1');
    const head = came.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = /\r\ncontent-length: (\d+)/i.exec(came.slice(0, head))?.[1];
    if (length === undefined) return reject(new Error(`an answer without a length: ${came.slice(0, head)}`));
    if (came.length < head + 4 + Number(length)) return;
    if (came.startsWith('HTTP/1.1 200 ')) resolve();
    else reject(new Error(`the server answered ${came.slice(0, 1000)}`));
  };
  const fail = () => reject(new Error('the connection broke'));
  socket.on('data', take).once('error', fail).once('close', fail);
  socket.write(text);
  return promise.finally(() => socket.off('data', take).off('error', fail).off('close', fail));
}
