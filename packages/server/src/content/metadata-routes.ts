/**
 * Signed metadata of published sets, as any static mirror would serve it. Versioned files never change and may be kept
 * for ever; the timestamp is asked for anew each time, and a 404, above all for the next root, must never be remembered
 * by anything in between. Lists are compressed once, when somebody first wants them so.
 */
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { METADATA_FILE_PATTERN } from '@tidegate/protocol';
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { Db } from '../deps.ts';
import { entityTag, hasAlready } from '../http/entity-tag.ts';
import { currentTimestamp, metadataFile } from '../publication/published-store.ts';
import { ServerError } from '../server-error.ts';
import { byteCache } from './byte-cache.ts';
import { chooseCoding, type Coding } from './content-coding.ts';

const CACHE_BYTES = 64 * 1024 * 1024;
/** A smaller file fits into one packet as it is. */
const COMPRESSED_FROM_BYTES = 1024;
export const IMMUTABLE = 'public, max-age=31536000, immutable';
/** May be kept, never used unasked. */
const ASKED_EACH_TIME = 'no-cache';

const COMPRESS: Readonly<Record<Coding, (bytes: Buffer) => Promise<Buffer>>> = {
  br: bytes => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  gzip: bytes => promisify(gzip)(bytes, { level: 9 }),
};

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
const HEADERS = {
  ETag: 'The SHA-256 of the bytes that were signed; compressed, with the coding behind it.',
  'Cache-Control': 'For ever; `no-cache` for the timestamp: to be asked for each time.',
  Vary: '`Accept-Encoding`, but for the timestamp.',
};
const SCHEMA = {
  operationId: 'getMetadata',
  summary: 'A file of signed metadata',
  tags: ['content'],
  description:
    '`timestamp.json`, or `<version>.<role>.json`. Takes `If-None-Match`, and `Accept-Encoding` with `br` and `gzip`.',
  problems: ['not-found'] as const,
  params: Type.Object({ file: Type.String() }),
  answers: {
    200: {
      description: 'The bytes that were signed.',
      mediaType: 'application/json',
      example: METADATA_EXAMPLE,
      headers: { ...HEADERS, 'Content-Encoding': '`br` or `gzip`, where it was asked for and is worth it.' },
    },
    304: { description: 'You have it.', headers: HEADERS },
  },
};
const filePattern = new RegExp(METADATA_FILE_PATTERN);

/** A file in one of the forms in which it is sent. */
interface Form {
  readonly bytes: Buffer;
  readonly tag: string;
  readonly coding?: Coding;
}

export function metadataRoutes({ db }: { readonly db: Db }): FastifyPluginAsync {
  const cache = byteCache<Form>(CACHE_BYTES);

  async function versioned(file: string, wanted: Coding | undefined): Promise<Form | undefined> {
    const plain = await cache.get(file, async () => asItIs(await metadataFile(db, file)));
    if (!plain || wanted === undefined || plain.bytes.length < COMPRESSED_FROM_BYTES) return plain;
    // No file's name has a space: each form has a name of its own.
    return cache.get(`${file} ${wanted}`, () => compressed(plain, wanted));
  }

  return async plain => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    app.get('/:file', { schema: SCHEMA }, async (request, reply) => {
      const { file } = request.params;
      if (file === 'timestamp.json') {
        reply.header('Cache-Control', ASKED_EACH_TIME);
        return send(reply, asItIs(await currentTimestamp(db)));
      }
      if (!filePattern.test(file)) throw noSuchFile();
      const form = await versioned(file, chooseCoding(request.headers['accept-encoding']));
      reply.headers({ 'Cache-Control': IMMUTABLE, Vary: 'Accept-Encoding' });
      return send(reply, form);
    });
  };
}

function asItIs(bytes: Buffer | undefined): Form | undefined {
  return bytes && { bytes, tag: entityTag(bytes) };
}

async function compressed({ bytes, tag }: Form, coding: Coding): Promise<Form> {
  return { bytes: await COMPRESS[coding](bytes), tag: tag.replace(/"$/, `-${coding}"`), coding };
}

function send(reply: FastifyReply, form: Form | undefined): FastifyReply {
  if (!form) throw noSuchFile();
  reply.header('ETag', form.tag);
  if (hasAlready(reply.request.headers['if-none-match'], form.tag)) return reply.code(304).send();
  if (form.coding !== undefined) reply.header('Content-Encoding', form.coding);
  return reply.type('application/json').send(form.bytes);
}

function noSuchFile(): ServerError {
  return new ServerError('not-found', 'there is no such metadata');
}
