/** The hook before every route of an enrolled device: whoever comes past it is `request.device`. */
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../clock.ts';
import type { LoadControl } from '../fleet/load-control.ts';
import { markAccess } from '../openapi/operation.ts';
import { ServerError } from '../server-error.ts';
import { accessTokenReader } from './access-token.ts';
import type { Revocations } from './revocations.ts';

export interface DeviceAuthentication {
  readonly clock: Clock;
  readonly revocations: Pick<Revocations, 'has'>;
  readonly load: Pick<LoadControl, 'byDevice'>;
}

export function authenticateDevices(app: FastifyInstance, { clock, revocations, load }: DeviceAuthentication): void {
  markAccess(app, () => ({ kind: 'device' }));
  const readAccessToken = accessTokenReader(app, clock);
  // No promise in a hook that every check-in passes: each costs as much as what the hook does.
  app.addHook('onRequest', (request, _reply, done) => {
    const device = readAccessToken(request.headers.authorization);
    if (revocations.has(device.id)) throw new ServerError('device-revoked', 'this device has been revoked');
    request.device = device;
    done();
  });
  app.addHook('onRequest', load.byDevice);
}
