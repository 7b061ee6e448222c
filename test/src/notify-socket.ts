/** The socket at which a service manager listens. Node has no datagram sockets, so python3 holds it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startChild } from './child.ts';

const LISTENER = `
import socket, sys
listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listening.bind(sys.argv[1])
print('listening', flush=True)
while True:
    print('|'.join(listening.recv(4096).decode().splitlines()), flush=True)
`;

export interface NotifySocket extends AsyncDisposable {
  readonly path: string;
  /** Each message so far, with `|` between its fields. */
  messages(): Promise<string[]>;
}

/** @param folder with a short path: a socket's is bounded */
export async function openNotifySocket(folder: string): Promise<NotifySocket> {
  const path = join(folder, 'notify');
  const logFile = join(folder, 'notify.log');
  const child = await startChild({
    program: 'python3',
    args: ['-c', LISTENER, path],
    logFile,
    isReady: line => line === 'listening',
  });
  return {
    path,
    // Each of systemd-notify is followed by a barrier, which only says that it waits until its message was read.
    messages: async () => (await readFile(logFile, 'utf8')).split('\n').slice(1).filter(isMessage),
    [Symbol.asyncDispose]: () => child.kill(),
  };
}

function isMessage(line: string): boolean {
  return line !== '' && line !== 'BARRIER=1';
}
