/** `POST check-in` on the device listener, inside the plugin whose hook sets `request.device`. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { CheckInAnswer, CheckInRequest, LIMITS } from '@tidegate/protocol';
import type { FastifyInstance } from 'fastify';
import type { LoadControl } from '../fleet/load-control.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { type CheckInDeps, checkIn } from './check-in.ts';

export interface CheckInRouteDeps extends CheckInDeps {
  readonly load: Pick<LoadControl, 'checkIn'>;
  readonly metrics: Pick<Metrics, 'checkIns' | 'offers' | 'stops'>;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The body of a check-in as it came. */
    text: string;
  }
}

export function checkInRoute(deps: CheckInRouteDeps): FastifyPluginAsyncTypebox {
  const { checkIns, offers, stops } = deps.metrics;
  const count = (answer: CheckInAnswer): CheckInAnswer => {
    checkIns.inc();
    if (answer.offer) offers.inc();
    if (answer.stop.length > 0) stops.inc();
    return answer;
  };
  return async app => {
    rememberText(app);
    app.post(
      '/check-in',
      {
        bodyLimit: LIMITS.checkInBytes,
        onRequest: deps.load.checkIn,
        schema: {
          operationId: 'checkIn',
          summary: 'Say what runs here, and learn what there is to do',
          tags: ['updates'],
          body: CheckInRequest,
          response: { 200: CheckInAnswer },
        },
      },
      request => {
        const answer = checkIn(deps, request.device, request.body, request.text);
        return answer instanceof Promise ? answer.then(count) : count(answer);
      },
    );
  };
}

/**
 * Whether a device says anything new is judged by its words as they came: to write them again would cost more. Names that
 * poison prototypes are refused by the schema, which is closed: they are not looked for in the text besides.
 */
function rememberText(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('ignore', 'ignore');
  app.decorateRequest('text', '');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text: string, done) => {
    request.text = text;
    void parse(request, text, done);
  });
}
