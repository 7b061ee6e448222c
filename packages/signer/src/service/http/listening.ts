/** Where the service listens, with TLS where a certificate is given. */
import { readFile } from 'node:fs/promises';
import type { ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { SignerError } from '../../signer-error.ts';
import { errorCode } from '../../store/durable-file.ts';
import type { ServiceConfig } from '../config.ts';

/** @returns null for plain HTTP @throws SignerError `config-invalid` */
export async function readTls({ listen }: Pick<ServiceConfig, 'listen'>): Promise<ServerOptions | null> {
  if (!listen.tls) return null;
  const { cert, key } = listen.tls;
  try {
    return { cert: await readFile(cert), key: await readFile(key), minVersion: 'TLSv1.2' };
  } catch (cause) {
    throw new SignerError('config-invalid', `The TLS certificate or key cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** @returns the address @throws SignerError `config-invalid` where the port is taken; the app is closed then */
export async function listen(
  app: FastifyInstance,
  { listen: { host, port, tls } }: Pick<ServiceConfig, 'listen'>,
): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    if (errorCode(cause) !== 'EADDRINUSE') throw cause;
    throw new SignerError('config-invalid', `Port ${port} of ${host} is taken: choose another (0 picks a free one).`, {
      cause,
    });
  }
  const { port: bound } = app.server.address() as AddressInfo;
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${bound}`;
}
