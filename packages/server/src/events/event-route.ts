/** `GET events` on the device listener, inside the plugin whose hook sets `request.device`. */
import type { FastifyPluginAsync } from 'fastify';
import { CHECK_IN_EVENT, HEARTBEAT_SECONDS } from '@tidegate/protocol';
import type { Clock } from '../clock.ts';
import { ACCESS_TOKEN_SECONDS } from '../identity/access-token.ts';
import type { Revocations } from '../identity/revocations.ts';
import type { EventStreams } from './event-streams.ts';

export interface EventRouteDeps {
  readonly clock: Clock;
  readonly revocations: Pick<Revocations, 'has'>;
  readonly events: Pick<EventStreams, 'open' | 'close'>;
}

const SCHEMA = {
  operationId: 'listen',
  summary: 'Hear when it is worth checking in',
  tags: ['updates'],
  description:
    `Server-sent events. \`${CHECK_IN_EVENT}\` with \`{"withinSeconds": n}\`: check in at a random moment of so long. ` +
    `A comment comes every ${HEARTBEAT_SECONDS} seconds. The stream ends with the token; \`retry\` says when to open it again.`,
  answers: {
    200: {
      description: 'The stream.',
      mediaType: 'text/event-stream',
      headers: { 'Cache-Control': '`no-store`.', 'X-Accel-Buffering': '`no`: for nginx.' },
    },
  },
};

export function eventRoute({ clock, revocations, events }: EventRouteDeps): FastifyPluginAsync {
  return async app => {
    // Before the listener waits for its connections to end.
    app.addHook('preClose', async () => events.close());
    app.get('/events', { schema: SCHEMA, exposeHeadRoute: false }, async (request, reply) => {
      const { id, product, tokenIssuedAtSeconds } = request.device;
      const endsAtMs = (tokenIssuedAtSeconds + ACCESS_TOKEN_SECONDS) * 1000;
      const stream = events.open({ id, product }, () => clock.now().getTime() < endsAtMs && !revocations.has(id));
      return reply
        .header('Cache-Control', 'no-store')
        .header('X-Accel-Buffering', 'no')
        .type('text/event-stream')
        .send(stream);
    });
  };
}
