/** A cable between server and database that can be cut, or kept from carrying anything. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface DatabaseLink {
  readonly url: string;
  cut(): void;
  /** Every connection stays, and nothing comes through it any more. */
  stall(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function openDatabaseLink(databaseUrl: string): Promise<DatabaseLink> {
  const to = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let whole = true;
  let stalled = false;
  const server: Server = createServer(client => {
    if (!whole) return void client.destroy();
    const upstream = to.hostname
      ? connect(Number(to.port || 5432), to.hostname)
      : connect(`${to.searchParams.get('host')}/.s.PGSQL.${to.port || 5432}`);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => [client, upstream].forEach(s => s.destroy()));
    }
    client.pipe(upstream).pipe(client);
    if (stalled) for (const socket of [client, upstream]) hush(socket);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const through = new URL(databaseUrl);
  through.hostname = '127.0.0.1';
  through.port = String((server.address() as { port: number }).port);
  through.searchParams.delete('host');
  const drop = () => sockets.forEach(s => s.destroy());
  return {
    url: through.href,
    cut: () => {
      whole = false;
      drop();
    },
    stall: () => {
      stalled = true;
      sockets.forEach(hush);
    },
    mend: () => {
      whole = true;
      if (stalled) drop();
      stalled = false;
    },
    close: () => {
      drop();
      return new Promise(resolve => server.close(() => resolve()));
    },
  };
}

function hush(socket: Socket): void {
  socket.unpipe();
  socket.pause();
}
