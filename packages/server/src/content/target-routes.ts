/**
 * The bytes of published targets, by the path that consistent snapshots give them: `<dir>/<sha256>.<file>`. The path is
 * parsed and looked up, never joined to a folder. Where nginx stands before the server it is told which file to send
 * (X-Accel-Redirect), and no byte passes through here; else they are streamed.
 */
import { formatTargetPath, parseTargetPath, SHA256_PATTERN, type TargetPath } from '@tidegate/protocol';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Db } from '../deps.ts';
import { hasAlready, tagOfHash } from '../http/entity-tag.ts';
import { ServerError } from '../server-error.ts';
import { type ArtifactStore, artifactPath } from './artifact-store.ts';
import { type ByteRange, parseByteRange } from './byte-range.ts';
import { slowed } from './slowed.ts';
import { IMMUTABLE } from './metadata-routes.ts';

export interface TargetDeps {
  readonly db: Db;
  readonly artifacts: ArtifactStore;
  /** Internal location of nginx that shows the artifact folder, such as `/internal/artifacts/`; undefined: stream. */
  readonly artifactRedirect: string | undefined;
  /** No connection is sent more; undefined: as fast as it goes. */
  readonly deviceBytesPerSecond: number | undefined;
}

interface Found {
  readonly sha256: string;
  readonly length: number;
}

const hashedFile = new RegExp(`^(${SHA256_PATTERN.slice(1, -1)})\\.(.+)$`);

const HEADERS = { ETag: 'The SHA-256 of the whole.', 'Cache-Control': 'For ever.', 'Accept-Ranges': '`bytes`' };
const RANGE = { 'Content-Range': 'Which bytes of how many.' };
const SCHEMA = {
  operationId: 'getTarget',
  summary: 'The bytes of a published target',
  tags: ['content'],
  description: '`file` begins with the SHA-256 of the bytes and a dot. Takes `Range`, `If-Range` and `If-None-Match`.',
  wildcard: '/:product/:channel/:component/:version/:file',
  problems: ['not-found'] as const,
  answers: {
    200: { description: 'All of it.', mediaType: 'application/octet-stream', headers: HEADERS },
    206: { description: 'The range.', mediaType: 'application/octet-stream', headers: { ...HEADERS, ...RANGE } },
    304: { description: 'You have it.', headers: HEADERS },
    416: { description: 'There are no such bytes.', headers: { ...HEADERS, ...RANGE } },
  },
};

export function targetRoutes(deps: TargetDeps): FastifyPluginAsync {
  return async app => {
    const handler = async (request: FastifyRequest<{ Params: { '*': string } }>, reply: FastifyReply) => {
      const found = await findTarget(deps.db, request.params['*']);
      if (!found) throw new ServerError('not-found', 'there is no such target');
      return sendTarget(deps, found, request, reply);
    };
    app.get('/*', { schema: SCHEMA, exposeHeadRoute: false }, handler);
    // HEAD stands here by itself: the one that Fastify derives would say that the length is 0.
    app.head('/*', handler);
  };
}

async function findTarget(db: Db, path: string): Promise<Found | undefined> {
  const asked = readPath(path, path.lastIndexOf('/') + 1) ?? readPath(path, 0);
  if (!asked) return undefined;
  const row = await db
    .selectFrom('targets')
    .select('length_bytes')
    .where('path', '=', formatTargetPath(asked.target))
    .where('sha256', '=', asked.sha256)
    .executeTakeFirst();
  return row && { sha256: asked.sha256, length: row.length_bytes };
}

/** @param cut where the hash stands: before the file's name, or, as the Rust library tough asks, before the whole path */
function readPath(path: string, cut: number): { sha256: string; target: TargetPath } | undefined {
  const match = hashedFile.exec(path.slice(cut));
  const target = match && parseTargetPath(path.slice(0, cut) + match[2]);
  return target ? { sha256: match[1] ?? '', target } : undefined;
}

function sendTarget(
  { artifacts, artifactRedirect, deviceBytesPerSecond }: TargetDeps,
  found: Found,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const etag = tagOfHash(found.sha256);
  const lasting = { ETag: etag, 'Cache-Control': IMMUTABLE, 'Accept-Ranges': 'bytes' };
  if (hasAlready(request.headers['if-none-match'], etag)) return reply.code(304).headers(lasting).send();
  const range = rangeOf(request, etag, found.length);
  if (range.kind === 'unsatisfiable') {
    return reply.code(416).headers(lasting).header('Content-Range', `bytes */${found.length}`).send();
  }
  reply.type('application/octet-stream');
  if (artifactRedirect !== undefined) {
    // nginx says the rest itself: said from here, it would stand there twice, or for a file that is missing.
    if (deviceBytesPerSecond !== undefined) reply.header('X-Accel-Limit-Rate', deviceBytesPerSecond);
    return reply.header('X-Accel-Redirect', artifactRedirect + artifactPath(found.sha256)).send();
  }
  const part = range.kind === 'part' ? range : undefined;
  reply.headers(lasting).header('Content-Length', part ? part.end - part.start + 1 : found.length);
  if (part) reply.code(206).header('Content-Range', `bytes ${part.start}-${part.end}/${found.length}`);
  if (request.method === 'HEAD') return reply.send();
  if (deviceBytesPerSecond !== undefined) {
    return reply.send(slowed(artifacts.read(found.sha256, part), deviceBytesPerSecond));
  }
  return reply.send(artifacts.send(found.sha256, part ?? { start: 0, end: found.length - 1 }));
}

/** RFC 9110 13.1.5: a range counts only where the client has a part of these very bytes. */
function rangeOf(request: FastifyRequest, etag: string, length: number): ByteRange {
  const condition = request.headers['if-range'];
  if (condition !== undefined && condition !== etag) return { kind: 'whole' };
  return parseByteRange(request.headers.range, length);
}
