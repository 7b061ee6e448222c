/**
 * The check-in as one would write it first, for the benchmark: each one verifies its token, reads the device's row and
 * writes it, one by one. With the same schemas, the same database and the same library to reach it as the server's.
 */
import { createPublicKey, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CheckInAnswer, CheckInRequest, LIMITS } from '@tidegate/protocol';
import { openDatabase } from '@tidegate/server';
import fastify from 'fastify';
import { pino } from 'pino';

const [tokenKeyFile = '', databaseUrl = ''] = process.argv.slice(2);
const key = createPublicKey(await readFile(tokenKeyFile));
const db = openDatabase(databaseUrl, pino({ level: 'silent' }));

function deviceOf(authorization = ''): string {
  const token = authorization.slice('Bearer '.length);
  const end = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  if (!verify(null, Buffer.from(token.slice(0, end)), key, signature)) throw new Error('the token is not ours');
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string };
  return claims.sub;
}

const app = fastify({ ajv: { customOptions: { removeAdditional: false, coerceTypes: false } } });
app.post<{ Body: CheckInRequest }>(
  '/check-in',
  { bodyLimit: LIMITS.checkInBytes, schema: { body: CheckInRequest, response: { 200: CheckInAnswer } } },
  async ({ headers, body }) => {
    const id = deviceOf(headers.authorization);
    await db.selectFrom('devices').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    await db
      .updateTable('devices')
      .set({ last_seen_at: new Date(), components: JSON.stringify(body.components), hardware: body.hardware })
      .where('id', '=', id)
      .execute();
    return { offer: null, stop: [], pollAfterSeconds: 60 };
  },
);
process.stdout.write(`${JSON.stringify({ ready: await app.listen({ host: '127.0.0.1', port: 0 }) })}\n`);
