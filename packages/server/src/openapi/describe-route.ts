/** One route as its OpenAPI operation, in the form that `@fastify/swagger` takes: references, answers, access. */
import { Problem } from '@tidegate/protocol';
import type { FastifySchema, RouteOptions } from 'fastify';
import type { Access, BareAnswer } from './operation.ts';
import { problemAnswers, problemsOf } from './problem-answers.ts';
import type { JsonSchema, SchemaBook } from './schema-book.ts';

interface DescribedAnswer {
  readonly description: string;
  readonly content?: Readonly<Record<string, object>>;
  /** Says that there is no body. */
  readonly type?: 'null';
  readonly headers?: Readonly<Record<string, object>>;
}

export interface DescribedRoute {
  readonly schema: FastifySchema;
  readonly url: string;
}

export function describeRoute(book: SchemaBook, route: RouteOptions): DescribedRoute {
  const { schema = {}, config, method } = route;
  const url = route.url.replace('/*', schema.wildcard ?? '/*');
  if (schema.hide) return { schema, url };
  const access = config?.access ?? { kind: 'anyone' };
  const codes = problemsOf({ method: String(method), access, loadProblems: config?.loadProblems, schema });
  return {
    url,
    schema: {
      ...withoutUndefined({ operationId: schema.operationId, summary: schema.summary, tags: schema.tags }),
      description: [WHO[access.kind](access), schema.description ?? ''].join(' ').trim(),
      security: securityOf(access),
      ...(schema.querystring ? { querystring: book.refer(schema.querystring) } : {}),
      ...(schema.params && schema.wildcard === undefined ? { params: book.refer(schema.params) } : {}),
      ...bodyOf(book, schema),
      response: merged(
        successAnswers(book, schema),
        bareAnswers(schema.answers ?? {}),
        problemAnswers(codes, book.refer(Problem)),
      ),
    },
  };
}

const WHO: Readonly<Record<Access['kind'], (access: Access) => string>> = {
  anyone: () => 'Open to anyone.',
  device: () => 'For an enrolled device, with its access token.',
  operator: access => `For operators, with an API token: ${access.kind === 'operator' ? access.role : ''} or above.`,
};

export const DEVICE_SECURITY = 'deviceToken';
export const OPERATOR_SECURITY = 'apiToken';

function securityOf(access: Access): NonNullable<FastifySchema['security']> {
  switch (access.kind) {
    case 'anyone':
      return [];
    case 'device':
      return [{ [DEVICE_SECURITY]: [] }];
    case 'operator':
      return [{ [OPERATOR_SECURITY]: [access.role] }];
  }
}

function bodyOf(book: SchemaBook, { body, takes }: FastifySchema): Pick<FastifySchema, 'body'> {
  if (takes !== undefined) return { body: { content: { [takes]: { schema: schemaOf(takes) } } } };
  return body ? { body: { content: { 'application/json': { schema: book.refer(body) } } } } : {};
}

/** Of what is told by its media type alone. */
function schemaOf(mediaType: string): JsonSchema {
  if (mediaType.endsWith('json')) return { type: 'object' };
  return mediaType.startsWith('text/') ? { type: 'string' } : { type: 'string', format: 'binary' };
}

function successAnswers(book: SchemaBook, { response = {} }: FastifySchema): Record<string, DescribedAnswer> {
  return Object.fromEntries(
    Object.entries(response as Record<string, object>).map(([status, schema]) => {
      const description = WORDS[status] ?? 'Answered.';
      if ('type' in schema && schema.type === 'null') return [status, { description, type: 'null' }];
      const media = { schema: book.refer(schema), ...withoutUndefined({ example: book.example(schema) }) };
      return [status, { description, content: { 'application/json': media } }];
    }),
  );
}

const WORDS: Readonly<Record<string, string>> = {
  200: 'Done.',
  201: 'Made.',
  204: 'Done; no body.',
  503: 'Not ready.',
};

function bareAnswers(answers: Readonly<Record<number, BareAnswer>>): Record<string, DescribedAnswer> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, mediaType, example, headers = {} }]) => {
      const told = Object.entries(headers).map(([name, says]) => [name, { type: 'string', description: says }]);
      const body =
        mediaType === undefined
          ? { type: 'null' as const }
          : { content: { [mediaType]: { schema: schemaOf(mediaType), ...withoutUndefined({ example }) } } };
      return [status, { description, headers: Object.fromEntries(told), ...body }];
    }),
  );
}

/** A status may have more than one meaning, each with a media type of its own. */
function merged(...parts: Record<string, DescribedAnswer>[]): Record<string, DescribedAnswer> {
  const all: Record<string, DescribedAnswer> = {};
  for (const [status, answer] of parts.flatMap(part => Object.entries(part))) {
    const before = all[status];
    all[status] = before
      ? {
          ...before,
          description: `${before.description} Or: ${answer.description}`,
          content: { ...before.content, ...answer.content },
        }
      : answer;
  }
  return all;
}

function withoutUndefined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never;
}
