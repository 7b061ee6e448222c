/** `POST check-in` on the device listener, inside the plugin whose hook sets `request.device`. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { CheckInAnswer, CheckInRequest, LIMITS } from '@tidegate/protocol';
import { type CheckInDeps, checkIn } from './check-in.ts';

export function checkInRoute(deps: CheckInDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.post(
      '/check-in',
      { bodyLimit: LIMITS.checkInBytes, schema: { body: CheckInRequest, response: { 200: CheckInAnswer } } },
      request => checkIn(deps, request.device, request.body),
    );
  };
}
