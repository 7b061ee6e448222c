/** With which problems an operation may be refused, and how its document tells them: an answer for each status. */
import { type Problem, PROBLEM_MEDIA_TYPE, type ProblemCode, PROBLEMS } from '@tidegate/protocol';
import type { FastifySchema } from 'fastify';
import type { Access } from './operation.ts';
import { PROBLEM_WORDS } from './problem-words.ts';
import type { JsonSchema } from './schema-book.ts';

export interface Refusable {
  readonly method: string;
  readonly access: Access;
  readonly loadProblems?: readonly ProblemCode[] | undefined;
  readonly schema: Pick<FastifySchema, 'body' | 'params' | 'querystring' | 'problems' | 'takes'>;
}

const BYTES = 'application/octet-stream';

const OF_ACCESS: Readonly<Record<Access['kind'], readonly ProblemCode[]>> = {
  anyone: [],
  device: ['unauthenticated', 'token-expired', 'device-revoked'],
  operator: ['unauthenticated', 'forbidden'],
};

/** In the order of their statuses. */
export function problemsOf({ method, access, loadProblems, schema }: Refusable): ProblemCode[] {
  const isRead = method === 'GET';
  const codes = new Set<ProblemCode>([
    ...OF_ACCESS[access.kind],
    ...(loadProblems ?? []),
    ...(isRead ? [] : (['bad-request', 'body-too-large', 'disk-full'] as const)),
    // A route of bytes takes them under any name.
    ...(isRead || schema.takes === BYTES ? [] : (['unsupported-media-type'] as const)),
    ...((schema.body ?? schema.params ?? schema.querystring) ? (['invalid-input'] as const) : []),
    ...(schema.problems ?? []),
    'internal',
    'unavailable',
  ]);
  return [...codes].toSorted((a, b) => PROBLEMS[a] - PROBLEMS[b] || a.localeCompare(b));
}

export interface ProblemAnswer {
  readonly description: string;
  readonly content: Readonly<Record<string, object>>;
}

/** @param problem the schema of every problem, as the document has it */
export function problemAnswers(codes: readonly ProblemCode[], problem: JsonSchema): Record<number, ProblemAnswer> {
  const statuses = [...new Set(codes.map(code => PROBLEMS[code]))];
  return Object.fromEntries(
    statuses.map(status => {
      const these = codes.filter(code => PROBLEMS[code] === status);
      const schema = { allOf: [problem, { properties: { code: { enum: these } } }] };
      const examples = Object.fromEntries(these.map(code => [code, { value: exampleOf(code) }]));
      return [status, { description: these.join(', '), content: { [PROBLEM_MEDIA_TYPE]: { schema, examples } } }];
    }),
  );
}

export const exampleOf = (code: ProblemCode): Problem => ({
  type: 'about:blank',
  title: code,
  status: PROBLEMS[code],
  code,
  ...PROBLEM_WORDS[code],
});
