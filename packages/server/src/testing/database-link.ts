/** A cable between server and database that can be cut, slowed, kept from carrying anything, replaced, or led elsewhere. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Transform } from 'node:stream';

export interface DatabaseLink {
  readonly url: string;
  cut(): void;
  /** Every connection stays, and nothing comes through it any more. */
  stall(): void;
  /** Connections made from now on work; those that were stalled stay silent for ever. */
  replace(): void;
  /** From now on every packet, in each direction, comes so much later. */
  delay(ms: number): void;
  /** Connections made from now on reach that database: for one that came back at another port. */
  lead(databaseUrl: string): void;
  mend(): void;
  close(): Promise<void>;
}

export async function openDatabaseLink(databaseUrl: string): Promise<DatabaseLink> {
  let to = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let whole = true;
  let stalled = false;
  let delayMs = 0;
  const late = () =>
    new Transform({
      transform: (chunk, _encoding, done) =>
        delayMs === 0 ? done(null, chunk) : void setTimeout(() => done(null, chunk), delayMs),
    });
  const server: Server = createServer(client => {
    if (!whole) return void client.destroy();
    const upstream = to.hostname
      ? connect(Number(to.port || 5432), to.hostname)
      : connect(`${to.searchParams.get('host')}/.s.PGSQL.${to.port || 5432}`);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          for (const end of [client, upstream]) {
            end.destroy();
            sockets.delete(end);
          }
        });
    }
    client.pipe(late()).pipe(upstream).pipe(late()).pipe(client);
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
    replace: () => {
      stalled = false;
    },
    delay: ms => {
      delayMs = ms;
    },
    lead: url => {
      to = new URL(url);
    },
    mend: () => {
      whole = true;
      delayMs = 0;
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
