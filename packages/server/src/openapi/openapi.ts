/**
 * `/openapi.json`: what a listener answers, made of its own routes once, when all are registered; and `/docs`, a page to
 * read it. Open to all: it tells no more than the source does. It comes before the routes, so that it sees each of them.
 */
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { entityTag, hasAlready } from '../http/entity-tag.ts';
import { describeRoute, DEVICE_SECURITY, OPERATOR_SECURITY } from './describe-route.ts';
import { EXAMPLES } from './examples.ts';
import { type JsonSchema, type SchemaBook, schemaBook } from './schema-book.ts';
import { viewer } from './viewer.ts';

export interface About {
  readonly title: string;
  readonly description: string;
  /** Groups of operations, in the order in which they are shown, with what they are. */
  readonly tags: Readonly<Record<string, string>>;
}

export const OPENAPI_PATH = '/openapi.json';
const CACHE_SECONDS = 300;

const LICENSE = { name: 'Apache-2.0', identifier: 'Apache-2.0' };
const SECURITY_SCHEMES = {
  [DEVICE_SECURITY]: {
    type: 'http',
    scheme: 'bearer',
    description: 'The access token of a device: an hour, for a signature over a nonce.',
  },
  [OPERATOR_SECURITY]: {
    type: 'http',
    scheme: 'bearer',
    description: 'An API token. Roles: viewer, operator, releaser, admin, each including the ones before.',
  },
} as const;

const DESCRIPTION = {
  operationId: 'getOpenapi',
  summary: 'This document',
  tags: ['server'],
  description: 'As a page to read: `/docs`.',
  answers: {
    200: {
      description: 'OpenAPI 3.1.',
      mediaType: 'application/json',
      example: { openapi: '3.1.0', info: { title: 'Tidegate', version: '1' }, paths: {} },
      headers: { ETag: 'Names this document; changes with it.', 'Cache-Control': 'Five minutes.' },
    },
    304: { description: 'The one that `If-None-Match` names is still right.' },
  },
};

export async function openapi(app: FastifyInstance, about: About): Promise<void> {
  const book = schemaBook(EXAMPLES);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      // The version of the API, as in its paths: it does not change with each release of the server.
      info: { title: about.title, description: about.description, version: '1', license: LICENSE },
      tags: Object.entries(about.tags).map(([name, description]) => ({ name, description })),
      components: { securitySchemes: SECURITY_SCHEMES },
    },
    convertConstToEnum: false,
    transform: ({ route }) => describeRoute(book, route),
    transformObject: given => finished(book, 'openapiObject' in given ? given.openapiObject : {}),
  });

  let document: { readonly text: string; readonly etag: string } = { text: '', etag: '' };
  app.addHook('onReady', async () => {
    const text = JSON.stringify(app.swagger());
    document = { text, etag: entityTag(Buffer.from(text)) };
  });
  app.get(OPENAPI_PATH, { schema: DESCRIPTION }, async (request, reply) => {
    reply.headers({ ETag: document.etag, 'Cache-Control': `public, max-age=${CACHE_SECONDS}` });
    if (hasAlready(request.headers['if-none-match'], document.etag)) return reply.code(304).send();
    return reply.type('application/json').send(document.text);
  });
  await app.register(viewer);
}

interface Operation {
  readonly requestBody?: { readonly content: Record<string, { schema?: JsonSchema; example?: unknown }> };
}

/** What the generator leaves out: the named schemas, and the examples of bodies. */
function finished<D extends { paths?: object; components?: object }>(book: SchemaBook, document: D): D {
  const operations = Object.values(document.paths ?? {}).flatMap(path => Object.values(path as object) as Operation[]);
  for (const { requestBody } of operations) {
    const media = requestBody?.content['application/json'];
    const example = media?.schema && book.exampleAt(media.schema);
    if (media && example !== undefined) media.example = example;
  }
  return { ...document, components: { ...document.components, schemas: book.components() } };
}
