/** Publishing: open, fill, commit. A releaser's token is asked by position; what may be published only signatures say. */
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import {
  CommitAnswer,
  Hex32,
  LIMITS,
  METADATA_FILE_PATTERN,
  PublicationAnswer,
  PublicationRequest,
  Sha256,
} from '@tidegate/protocol';
import type { FastifyPluginAsync } from 'fastify';
import { Type } from 'typebox';
import type { ArtifactStore } from '../content/artifact-store.ts';
import type { Deps } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import { commitPublication } from './commit-publication.ts';
import {
  findPublication,
  hasArtifact,
  metadataNames,
  newestArtifacts,
  openPublication,
  type PublicationRow,
  putMetadata,
  recordArtifact,
} from './publication-store.ts';
import { maxMetadataBytes } from './read-metadata.ts';

export type PublicationDeps = Deps & { readonly artifacts: ArtifactStore };

const ById = Type.Object({ id: Hex32 });
const Done = Type.Null();

export function publicationRoutes(deps: PublicationDeps): FastifyPluginAsync {
  const { db, clock } = deps;
  return async plain => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();

    app.post(
      '/publications',
      {
        schema: {
          operationId: 'openPublication',
          summary: 'Open a publication, or find the one of the same key again',
          tags: ['publishing'],
          body: PublicationRequest,
          response: { 200: PublicationAnswer },
        },
      },
      async request => {
        const id = randomBytes(16).toString('hex');
        return answer(deps, await openPublication(db, id, request.body.idempotencyKey, clock.now()));
      },
    );

    const oneSchema = {
      operationId: 'getPublication',
      summary: 'What has arrived whole',
      tags: ['publishing'],
      problems: ['not-found'] as const,
      params: ById,
      response: { 200: PublicationAnswer },
    };
    app.get('/publications/:id', { schema: oneSchema }, async request =>
      answer(deps, await known(deps, request.params.id)),
    );

    const commitSchema = {
      operationId: 'commitPublication',
      summary: 'Verify the set as a client would, and make it visible as one',
      tags: ['publishing'],
      problems: ['not-found', 'metadata-invalid', 'publication-incomplete', 'version-conflict'] as const,
      params: ById,
      response: { 200: CommitAnswer },
    };
    app.post('/publications/:id/commit', { schema: commitSchema }, request =>
      commitPublication(deps, request.params.id),
    );

    await app.register(artifactUpload(deps));
    await app.register(metadataUpload(deps));
  };
}

/** Bytes of any media type, as a stream: an artifact is never held in memory. */
function artifactUpload(deps: PublicationDeps): FastifyPluginAsync {
  const { db, clock, artifacts } = deps;
  return async plain => {
    plain.removeAllContentTypeParsers();
    plain.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    const schema = {
      operationId: 'putArtifact',
      summary: 'The bytes of an artifact, named by their hash',
      tags: ['publishing'],
      problems: ['not-found', 'conflict', 'length-mismatch', 'hash-mismatch'] as const,
      takes: 'application/octet-stream',
      params: Type.Object({ id: Hex32, sha256: Sha256 }),
      response: { 204: Done },
    };
    app.put('/publications/:id/artifacts/:sha256', { schema }, async (request, reply) => {
      await open(deps, request.params.id);
      const { sha256 } = request.params;
      const announced = request.headers['content-length'];
      const exactBytes = announced === undefined ? undefined : Number(announced);
      if (exactBytes !== undefined && exactBytes > LIMITS.artifactBytes) {
        throw new ServerError('body-too-large', `an artifact has at most ${LIMITS.artifactBytes} bytes`);
      }
      const body = (request.body as Readable | undefined) ?? request.raw;
      if (await hasArtifact(db, sha256)) {
        await finished(body.resume()); // read to its end, so that the sender sees this answer and no broken connection
        return reply.code(204).send(null);
      }
      const length = await artifacts.put(sha256, body, { maxBytes: LIMITS.artifactBytes, exactBytes });
      await recordArtifact(db, sha256, length, clock.now());
      return reply.code(204).send(null);
    });
  };
}

/** Metadata is kept as the bytes that were signed, so nothing may parse and rewrite it on the way in. */
function metadataUpload(deps: PublicationDeps): FastifyPluginAsync {
  return async plain => {
    plain.removeAllContentTypeParsers();
    plain.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    const File = Type.String({ pattern: METADATA_FILE_PATTERN });
    const schema = {
      operationId: 'putMetadata',
      summary: 'The bytes of a metadata file, as they were signed',
      tags: ['publishing'],
      problems: ['not-found', 'conflict'] as const,
      takes: 'application/octet-stream',
      params: Type.Object({ id: Hex32, file: File }),
      response: { 204: Done },
    };
    const options = { schema, bodyLimit: LIMITS.targetsBytes };
    app.put('/publications/:id/metadata/:file', options, async (request, reply) => {
      await open(deps, request.params.id);
      const { file } = request.params;
      const bytes = request.body as Buffer | undefined;
      if (!bytes || bytes.length === 0) throw new ServerError('bad-request', 'the body is empty');
      if (bytes.length > maxMetadataBytes(file)) {
        throw new ServerError('body-too-large', `${file} has at most ${maxMetadataBytes(file)} bytes`);
      }
      await putMetadata(deps.db, request.params.id, file, bytes);
      return reply.code(204).send(null);
    });
  };
}

async function known({ db }: Deps, id: string): Promise<PublicationRow> {
  const publication = await findPublication(db, id);
  if (!publication) throw new ServerError('not-found', 'there is no such publication');
  return publication;
}

async function open(deps: Deps, id: string): Promise<void> {
  if ((await known(deps, id)).state !== 'open')
    throw new ServerError('conflict', 'this publication is committed already');
}

async function answer({ db }: Deps, publication: PublicationRow): Promise<PublicationAnswer> {
  return {
    id: publication.id,
    state: publication.state,
    artifacts: await newestArtifacts(db),
    metadata: await metadataNames(db, publication.id),
  };
}
