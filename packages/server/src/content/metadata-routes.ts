/**
 * Signed metadata of published sets, as any static mirror would serve it. Versioned files never change and may be kept
 * for ever; the timestamp, and a 404 above all for the next root, must never be remembered by anything in between.
 */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { METADATA_FILE_PATTERN } from '@tidegate/protocol';
import type { FastifyPluginAsync } from 'fastify';
import { Type } from 'typebox';
import type { Db } from '../deps.ts';
import { currentTimestamp, metadataFile } from '../publication/published-store.ts';
import { ServerError } from '../server-error.ts';
import { byteCache } from './byte-cache.ts';

const CACHE_BYTES = 64 * 1024 * 1024;
export const IMMUTABLE = 'public, max-age=31536000, immutable';
const METADATA_EXAMPLE = {
  signatures: [{ keyid: '…', sig: '…' }],
  signed: {
    _type: 'timestamp',
    spec_version: '1.0.31',
    version: 7,
    expires: '2026-03-05T08:00:00Z',
    meta: { 'snapshot.json': { version: 7 } },
  },
};
const filePattern = new RegExp(METADATA_FILE_PATTERN);

export function metadataRoutes({ db }: { readonly db: Db }): FastifyPluginAsync {
  const cache = byteCache(CACHE_BYTES);
  const load = (file: string) =>
    file === 'timestamp.json' ? currentTimestamp(db) : cache.get(file, () => metadataFile(db, file));

  return async plain => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    const schema = {
      operationId: 'getMetadata',
      summary: 'A file of signed metadata',
      tags: ['content'],
      description: '`timestamp.json`, or `<version>.<role>.json`.',
      problems: ['not-found'] as const,
      params: Type.Object({ file: Type.String() }),
      answers: {
        200: {
          description: 'The bytes that were signed.',
          mediaType: 'application/json',
          example: METADATA_EXAMPLE,
          headers: { 'Cache-Control': '`no-store` for the timestamp; for ever for all others.' },
        },
      },
    };
    app.get('/:file', { schema }, async (request, reply) => {
      const { file } = request.params;
      const bytes = filePattern.test(file) ? await load(file) : undefined;
      if (!bytes) throw new ServerError('not-found', 'there is no such metadata');
      return reply
        .header('Cache-Control', file === 'timestamp.json' ? 'no-store' : IMMUTABLE)
        .type('application/json')
        .send(bytes);
    });
  };
}
