/** What a check-in is held against: a Fastify POST with the same schemas, without authentication, state or decision. */
import { CheckInAnswer, CheckInRequest, LIMITS } from '@tidegate/protocol';
import fastify from 'fastify';

const app = fastify({ ajv: { customOptions: { removeAdditional: false, coerceTypes: false } } });
app.post(
  '/check-in',
  { bodyLimit: LIMITS.checkInBytes, schema: { body: CheckInRequest, response: { 200: CheckInAnswer } } },
  () => ({ offer: null, stop: [], pollAfterSeconds: 60 }),
);
process.stdout.write(`${JSON.stringify({ ready: await app.listen({ host: '127.0.0.1', port: 0 }) })}\n`);
