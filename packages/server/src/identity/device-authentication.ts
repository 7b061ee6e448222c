/** The hook before every route of an enrolled device: whoever comes past it is `request.device`. */
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../clock.ts';
import { markAccess } from '../openapi/operation.ts';
import { ServerError } from '../server-error.ts';
import { readAccessToken } from './access-token.ts';
import type { Revocations } from './revocations.ts';

export function authenticateDevices(app: FastifyInstance, clock: Clock, revocations: Revocations): void {
  markAccess(app, () => ({ kind: 'device' }));
  app.addHook('onRequest', async request => {
    const device = readAccessToken(app, request.headers.authorization, clock);
    if (revocations.has(device.id)) throw new ServerError('device-revoked', 'this device has been revoked');
    request.device = device;
  });
}
