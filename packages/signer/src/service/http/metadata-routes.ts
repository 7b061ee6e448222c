/** The lists as they are signed, for whoever makes the next one on them: a mirror's metadata folder. */
import { join } from 'node:path';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { closed, METADATA_FILE_PATTERN } from '@tidegate/protocol';
import { Type } from 'typebox';
import { SignerError } from '../../signer-error.ts';
import { readBounded } from '../../store/durable-file.ts';
import type { Store } from '../../store/store.ts';
import { kindOf, maxBytesOf } from '../../tuf/role.ts';

export function metadataRoutes(store: Store): FastifyPluginAsyncTypebox {
  return async app => {
    app.get(
      '/:file',
      { schema: { params: closed({ file: Type.String({ pattern: METADATA_FILE_PATTERN }) }) } },
      async (request, reply) => {
        const { file } = request.params;
        const role = file.replace(/^\d+\./, '').replace(/\.json$/, '');
        const bytes = await readBounded(join(store.metadata, file), maxBytesOf(kindOf(role)));
        if (!bytes) throw new SignerError('submission-unknown', `There is no ${file}.`);
        return reply.type('application/json').header('Cache-Control', 'no-store').send(bytes);
      },
    );
  };
}
