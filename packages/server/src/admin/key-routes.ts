/** Public keys that the manufacturer registers beforehand: uploaded as CSV, listed, and taken back. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { closed, DeviceKeyView, LIMITS, Name, page, Sha256, UploadReport } from '@tidegate/protocol';
import type { FastifyPluginAsync } from 'fastify';
import { Type } from 'typebox';
import type { Deps } from '../deps.ts';
import { listRegisteredKeys, removeRegisteredKey } from '../identity/registered-key-store.ts';
import { ServerError } from '../server-error.ts';
import { uploadKeys } from './key-upload.ts';
import { pageOf, pageQuery } from './paging.ts';

export function keyRoutes(deps: Deps): FastifyPluginAsync {
  return async plain => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    const query = closed({ ...pageQuery, product: Type.Optional(Name) });
    const schema = {
      operationId: 'listDeviceKeys',
      summary: 'Registered keys, by their hash',
      tags: ['fleet'],
      querystring: query,
      response: { 200: page(DeviceKeyView) },
    };
    app.get('/device-keys', { schema }, request =>
      pageOf(
        request.query,
        key => key.sha256,
        (after, limit) => listRegisteredKeys(deps.db, request.query.product, after, limit),
      ),
    );
    const removal = {
      operationId: 'removeDeviceKey',
      summary: 'Take back a registered key that no device has enrolled by',
      tags: ['fleet'],
      problems: ['not-found', 'conflict'] as const,
      params: closed({ sha256: Sha256 }),
      response: { 204: Type.Null() },
    };
    app.delete('/device-keys/:sha256', { schema: removal }, async (request, reply) => {
      const { sha256 } = request.params;
      const outcome = await removeRegisteredKey(deps.db, sha256);
      if (outcome === 'unknown') throw new ServerError('not-found', 'there is no such registered key');
      if (outcome === 'enrolled') {
        throw new ServerError('conflict', 'a device has enrolled by this key: revoke the device');
      }
      deps.log.warn({ by: request.operator.id, sha256 }, 'a registered key was taken back');
      return reply.code(204).send(null);
    });
    await plain.register(keyUpload(deps));
  };
}

function keyUpload(deps: Deps): FastifyPluginAsync {
  return async plain => {
    plain.removeAllContentTypeParsers();
    plain.addContentTypeParser('text/csv', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    const schema = {
      operationId: 'uploadDeviceKeys',
      summary: 'Register keys that may enrol by themselves, from a table',
      tags: ['fleet'],
      problems: ['invalid-input'] as const,
      takes: 'text/csv',
      response: { 200: UploadReport },
    };
    const options = { bodyLimit: LIMITS.csvBytes, schema };
    app.post('/device-keys', options, async request => {
      const csv = request.body as Buffer | undefined;
      if (!csv) throw new ServerError('bad-request', 'the body is empty');
      const report = await uploadKeys(deps, csv);
      const { added, unchanged, refused } = report;
      deps.log.info({ by: request.operator.id, added, unchanged, refused: refused.length }, 'keys were registered');
      return report;
    });
  };
}
